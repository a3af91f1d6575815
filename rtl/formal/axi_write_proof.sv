// plut_axi_write: bursts cover a request exactly and in order within blocks of BURST beats, each gets as many words as it has
// announced with the last one marked, words come after their address, and idle means that all have been answered.
module axi_write_proof #(
    parameter int BURST = 64,
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic         clk,
    input logic         rst_in,
    input logic         req_valid,
    input logic [63:0]  req_addr,
    input logic [16:0]  req_beats,
    input logic         in_valid,
    input logic [127:0] in_data,
    input logic         awready,
    input logic         wready,
    input logic         bvalid,
    input logic [1:0]   bresp
);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  wire rst = rst_in || !started;
  logic req_ready, in_ready, idle, error, awvalid, wvalid, wlast, bready;
  logic [127:0] wdata;
  logic [63:0] awaddr;
  logic [7:0] awlen;
  plut_axi_write #(.BURST(BURST)) u_write (.*);

  logic [63:0] next;
  logic [16:0] left;        // beats without an address
  logic [8:0] words;        // of the burst whose address was taken
  logic [7:0] unanswered, answerable;
  logic kept, waited;       // what the contract asks; an address was offered and not taken
  wire [16:0] beats = {9'd0, awlen} + 17'd1;
  wire [8:0] first = {1'b0, awaddr[11:4] & 8'(BURST - 1)};
  wire asked = awvalid && awready;
  wire sent = wvalid && wready;
  always_ff @(posedge clk) begin
    waited <= awvalid && !awready;
    if (req_valid && req_ready) begin
      next <= req_addr;
      left <= req_beats;
      if (req_addr[3:0] != 4'd0 || req_beats == 17'd0) kept <= 1'b0;
    end
    if (asked) begin
      next <= next + {43'd0, beats, 4'd0};
      left <= left - beats;
      words <= 9'(beats);
    end
    if (sent) words <= words - 9'd1;
    unanswered <= unanswered + {7'd0, asked} - {7'd0, bvalid};
    answerable <= answerable + {7'd0, sent && wlast} - {7'd0, bvalid};
    if (bvalid && answerable == 8'd0) kept <= 1'b0;  // an answer to nothing
    if (rst) begin
      left <= 17'd0;
      words <= 9'd0;
      unanswered <= 8'd0;
      answerable <= 8'd0;
      kept <= 1'b1;
      waited <= 1'b0;
    end
  end
  always_comb
    if (started && !rst && kept && !(bvalid && answerable == 8'd0)) begin
      assert (bready && req_ready == (left == 17'd0 && words == 9'd0));
      assert (!awvalid || (left != 17'd0 && words == 9'd0 && awaddr == next && beats <= left));
      assert (!awvalid || first + {1'b0, awlen} < 9'(BURST - {31'd0, BROKEN}));
      assert (!awvalid || beats == left || first + {1'b0, awlen} == 9'(BURST - 1));
      assert (!waited || awvalid);
      assert (wvalid == (in_valid && words != 9'd0) && wdata == in_data && (in_valid && in_ready) == sent);
      assert (!wvalid || wlast == (words == 9'd1));
      assert (idle == (left == 17'd0 && words == 9'd0 && unanswered == 8'd0));
    end
endmodule
