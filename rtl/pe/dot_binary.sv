// Sum of TERMS offset-binary terms and the accumulator in binary adders, pipelined: the textbook's tree.
//
// The same contract as dot_tree, but for timing: all terms come at once, and cin[i] belongs to the adder with that number
// in breadth-first order from the leaves (the last one to the accumulator's), one cycle later a level.
module dot_binary #(
    parameter int TERMS = 16,
    parameter int TW = 15,
    parameter int ACC = 24
) (
    input  logic                clk,
    input  logic [TERMS*TW-1:0] terms,
    input  logic [TERMS-1:0]    cin,
    input  logic                acc_en,
    input  logic [ACC-1:0]      acc_in,
    output logic [ACC-1:0]      y
);
  localparam int LEVELS = pe_pkg::log2(TERMS);
  localparam int TOP = TW - 1 + LEVELS;
  localparam int OW = TOP + 1;

  // Node n of level l stands at FIRST(l) + n, FIRST(l) = 2 * TERMS - 2 * TERMS / 2^l; level 0 are the terms.
  logic [(2*TERMS-1)*OW-1:0] node;
  genvar l, n;
  generate
    for (n = 0; n < TERMS; n = n + 1) begin : g_leaf
      assign node[n*OW+:OW] = {{(OW - TW) {1'b0}}, terms[n*TW+:TW]};
    end
    for (l = 1; l <= LEVELS; l = l + 1) begin : g_level
      localparam int FROM = 2 * TERMS - (2 * TERMS >> (l - 1));
      localparam int TO = 2 * TERMS - (2 * TERMS >> l);
      localparam int W = TW + l;
      for (n = 0; n < (TERMS >> l); n = n + 1) begin : g_add
        logic [W-1:0] sum;
        logic [W-1:0] r;
        badd #(.W(W)) u_add (
            .a(node[(FROM+2*n)*OW+:W]), .b(node[(FROM+2*n+1)*OW+:W]), .ci(cin[TO-TERMS+n]), .s(sum));
        always_ff @(posedge clk) r <= sum;
        assign node[(TO+n)*OW+:OW] = {{(OW - W) {1'b0}}, r};
      end
    end
  endgenerate

  logic [OW-1:0]  root;
  logic [ACC-1:0] next;
  assign root = node[(2*TERMS-2)*OW+:OW];
  badd #(.W(ACC)) u_acc (
      .a({{(ACC - TOP) {~root[TOP]}}, root[TOP-1:0]}), .b(acc_in & {ACC{acc_en}}), .ci(cin[TERMS-1]), .s(next));
  always_ff @(posedge clk) y <= next;
  logic unused;
  assign unused = &{1'b0, node};
endmodule
