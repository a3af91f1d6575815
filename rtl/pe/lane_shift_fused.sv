// One lane of bit-shifting, fitted to the FPGA by hand: the last stage of each shifter, its zero and its sign stand in the
// LUTs of the adder that takes the product, one six-input LUT a bit; the products go down a chain of adders.
//
// Controls come decoded and skewed, input k one cycle after input k-1: `low` (shift of the first stage, one cycle earlier
// than the others), `high`, `some` (not zero), `neg`.
module lane_shift_fused #(
    parameter int K = 16,
    parameter int WB = 4,
    parameter int AB = 8,
    parameter int ACC = 24
) (
    input  logic              clk,
    input  logic [K*(WB-2)-1:0] low,
    input  logic [K-1:0]      high,
    input  logic [K-1:0]      some,
    input  logic [K-1:0]      neg,
    input  logic              we,
    input  logic [K*AB-1:0]   act,
    input  logic              acc_en,
    input  logic [ACC-1:0]    acc_in,
    output logic [ACC-1:0]    y
);
  localparam int LB = WB - 2;          // bits of the first stage's shift: 2 or 1
  localparam int STEP = 1 << LB;       // what the last stage shifts by
  localparam int XB = AB + STEP - 1;   // after the first stage
  localparam int MB = AB + (1 << (WB - 1)) - 2;
  localparam int TOP = MB + pe_pkg::log2(K);
  localparam int OW = TOP + 1;
  logic [(K+1)*OW-1:0] chain;
  assign chain[OW-1:0] = '0;
  genvar k;
  generate
    for (k = 0; k < K; k = k + 1) begin : g_stage
      localparam int W = MB + 1 + pe_pkg::log2(k + 1);
      logic [AB-1:0] a;
      logic [XB-1:0] x;
      logic [MB-1:0] magnitude;
      logic [MB:0]   term;
      logic [W-1:0]  sum;
      logic [W-1:0]  r;
      always_ff @(posedge clk) if (we) a <= act[k*AB+:AB];
      always_ff @(posedge clk) x <= {{(XB - AB) {1'b0}}, a} << low[k*LB+:LB];
      // The largest shift is 2^(WB-1) - 2, so the top bit of x << STEP is never needed.
      assign magnitude = some[k] ? (high[k] ? {x[MB-STEP-1:0], {STEP{1'b0}}} : {{(MB - XB) {1'b0}}, x}) : '0;
      assign term = {~neg[k], magnitude ^ {MB{neg[k]}}};
      badd #(.W(W)) u_add (
          .a(chain[k*OW+:W]), .b({{(W - MB - 1) {1'b0}}, term}), .ci(neg[k]), .s(sum));
      always_ff @(posedge clk) r <= sum;
      assign chain[(k+1)*OW+:OW] = {{(OW - W) {1'b0}}, r};
    end
  endgenerate
  logic [OW-1:0]  total;
  logic [ACC-1:0] next;
  assign total = chain[K*OW+:OW];
  badd #(.W(ACC)) u_acc (
      .a({{(ACC - TOP) {~total[TOP]}}, total[TOP-1:0]}), .b(acc_in & {ACC{acc_en}}), .ci(1'b0), .s(next));
  always_ff @(posedge clk) y <= next;
  logic unused;
  assign unused = &{1'b0, chain};
endmodule
