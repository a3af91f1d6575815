// A small queue with valid/ready on both sides.
module plut_fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 2  // a power of two
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             in_valid,
    output logic             in_ready,
    input  logic [WIDTH-1:0] in_data,
    output logic             out_valid,
    input  logic             out_ready,
    output logic [WIDTH-1:0] out_data
);
  localparam int Bits = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  logic [WIDTH-1:0] data[0:DEPTH-1];
  logic [Bits:0] count;
  logic [Bits-1:0] head, tail;
  wire put = in_valid && in_ready;
  wire take = out_valid && out_ready;
  assign in_ready = count != (Bits + 1)'(DEPTH);
  assign out_valid = count != '0;
  assign out_data = data[head];
  always_ff @(posedge clk) begin
    if (put) begin
      data[tail] <= in_data;
      tail <= (DEPTH > 1) ? tail + Bits'(1) : '0;
    end
    if (take) head <= (DEPTH > 1) ? head + Bits'(1) : '0;
    if (put && !take) count <= count + (Bits + 1)'(1);
    if (take && !put) count <= count - (Bits + 1)'(1);
    if (rst) begin
      count <= '0;
      head  <= '0;
      tail  <= '0;
    end
  end
endmodule
