// plut_fifo: it never loses, invents, reorders or changes a word, and keeps to the handshake.
//
// One word, marked at any time, is followed through the queue; a counter beside it knows how many there are.
module fifo_proof #(
    parameter int WIDTH = 2,
    parameter int DEPTH = 4,
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic             clk,
    input logic             rst_in,
    input logic             in_valid,
    input logic [WIDTH-1:0] in_data,
    input logic             out_ready,
    input logic             mark
);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  wire rst = rst_in || !started;
  logic in_ready, out_valid;
  logic [WIDTH-1:0] out_data;
  plut_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) u_fifo (.*);

  wire put = in_valid && in_ready;
  wire take = out_valid && out_ready;
  logic [7:0] level, ahead;
  logic followed, waited;
  logic [WIDTH-1:0] word, waiting;
  always_ff @(posedge clk) begin
    level <= level + {7'd0, put} - {7'd0, take};
    waited <= out_valid && !out_ready;
    waiting <= out_data;
    if (put && mark && !followed) begin
      followed <= 1'b1;
      word <= in_data;
      ahead <= level - {7'd0, take};
    end else if (take && followed) begin
      ahead <= ahead - 8'd1;
      if (ahead == 8'd0) followed <= 1'b0;
    end
    if (rst) begin
      level <= 8'd0;
      followed <= 1'b0;
      waited <= 1'b0;
    end
  end
  always_comb
    if (started && !rst) begin
      assert (out_valid == (level != 8'd0));
      assert (in_ready == (level != DEPTH));
      assert (!waited || (out_valid && out_data == waiting));
      assert (!(take && followed && ahead == 8'd0) || out_data == (word ^ {WIDTH{BROKEN}}));
    end
endmodule
