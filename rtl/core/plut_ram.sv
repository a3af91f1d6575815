// A memory with one port to write and one to read; data a cycle after the address.
module plut_ram #(
    parameter int WIDTH = 8,
    parameter int WORDS = 256,
    parameter int BITS  = $clog2(WORDS)
) (
    input  logic             clk,
    input  logic             we,
    input  logic [BITS-1:0]  waddr,
    input  logic [WIDTH-1:0] wdata,
    input  logic [BITS-1:0]  raddr,
    output logic [WIDTH-1:0] rdata
);
  logic [WIDTH-1:0] data[0:WORDS-1];
  always_ff @(posedge clk) begin
    if (we) data[waddr] <= wdata;
    rdata <= data[raddr];
  end
endmodule
