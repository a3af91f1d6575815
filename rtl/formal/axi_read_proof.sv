// plut_axi_read: a request becomes bursts that cover it exactly, in order, within blocks of BURST beats (and so within 4 KB),
// and an address that is offered stays until it is taken.
module axi_read_proof #(
    parameter int BURST = 64,
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic         clk,
    input logic         rst_in,
    input logic         req_valid,
    input logic [63:0]  req_addr,
    input logic [16:0]  req_beats,
    input logic         out_ready,
    input logic         arready,
    input logic         rvalid,
    input logic [127:0] rdata,
    input logic [1:0]   rresp
);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  wire rst = rst_in || !started;
  logic req_ready, out_valid, out_error, arvalid, rready;
  logic [127:0] out_data;
  logic [63:0] araddr;
  logic [7:0] arlen;
  plut_axi_read #(.BURST(BURST)) u_read (.*);

  logic [63:0] next;
  logic [16:0] left;
  logic kept;  // what the contract asks of requests
  wire [16:0] beats = {9'd0, arlen} + 17'd1;
  wire [8:0] first = {1'b0, araddr[11:4] & 8'(BURST - 1)};
  always_ff @(posedge clk) begin
    if (req_valid && req_ready) begin
      next <= req_addr;
      left <= req_beats;
      if (req_addr[3:0] != 4'd0 || req_beats == 17'd0) kept <= 1'b0;
    end
    if (arvalid && arready) begin
      next <= next + {43'd0, beats, 4'd0};
      left <= left - beats;
    end
    if (rst) begin
      left <= 17'd0;
      kept <= 1'b1;
    end
  end
  always_comb
    if (started && !rst && kept) begin
      assert (arvalid == (left != 17'd0) && req_ready == (left == 17'd0));
      assert (!arvalid || (araddr == next && beats <= left));
      assert (!arvalid || first + {1'b0, arlen} < 9'(BURST - {31'd0, BROKEN}));
      // Whole blocks but for the ends.
      assert (!arvalid || beats == left || first + {1'b0, arlen} == 9'(BURST - 1));
      assert (out_valid == rvalid && rready == out_ready && out_data == rdata && out_error == rresp[1]);
    end
endmodule
