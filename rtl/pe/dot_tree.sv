// Sum of TERMS offset-binary terms and the accumulator in ternary adders, pipelined: y <= (acc_in if acc_en) + sum.
//
// Term i stands for terms[i] - 2^(TW-1) + cin[i]; TERMS is a power of two, so that all offsets together are one bit, which
// the last adder takes away. Terms and carries come skewed: see pe_pkg::term_delay and carry_delay.
module dot_tree #(
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
  localparam int NG = pe_pkg::groups(TERMS);
  localparam int NO = pe_pkg::operands(TERMS);
  localparam int LAST = pe_pkg::last_stage(TERMS);
  localparam int TOP = TW - 1 + pe_pkg::log2(TERMS);  // the bit that holds all offsets
  localparam int OW = TOP + 1;                        // operands, extended

  logic [NO*OW-1:0] operand;
  logic [NO-1:0]    late;  // carries that the first level has no room for, in the order of the stages
  genvar g;
  generate
    for (g = 0; g < NG; g = g + 1) begin : g_group
      localparam int W = TW + 2;
      logic [W-1:0] sum;
      logic [W-1:0] r;
      tadd #(.W(W)) u_add (
          .a({2'b0, terms[(3*g)*TW+:TW]}), .b({2'b0, terms[(3*g+1)*TW+:TW]}), .c({2'b0, terms[(3*g+2)*TW+:TW]}),
          .en(1'b1), .ci(cin[3*g]), .mi(cin[3*g+1]), .s(sum));
      always_ff @(posedge clk) r <= sum;
      assign operand[g*OW+:OW] = {{(OW - W) {1'b0}}, r};
      assign late[g]           = cin[3*g+2];
    end
    for (g = NG; g < NO; g = g + 1) begin : g_single
      localparam int I = 3 * NG + g - NG;
      assign operand[g*OW+:OW] = {{(OW - TW) {1'b0}}, terms[I*TW+:TW]};
      assign late[g]           = cin[I];
    end

    // Stage s adds what its operands can hold: the terms so far.
    for (g = 0; g < LAST; g = g + 1) begin : g_chain
      localparam int W = pe_pkg::chain_width(TERMS, TW, g);
      logic [W-1:0] sum;
      logic [W-1:0] r;
      logic [OW-1:0] first;
      if (g == 0) begin : g_first
        assign first = operand[0+:OW];
      end else begin : g_next
        localparam int PW = pe_pkg::chain_width(TERMS, TW, g - 1);
        assign first = {{(OW - PW) {1'b0}}, g_chain[g-1].r};
      end
      tadd #(.W(W)) u_add (
          .a(first[W-1:0]), .b(operand[(2*g+1)*OW+:W]), .c(operand[(2*g+2)*OW+:W]),
          .en(1'b1), .ci(late[2*g]), .mi(late[2*g+1]), .s(sum));
      always_ff @(posedge clk) r <= sum;
    end
  endgenerate

  logic [OW-1:0]  chain;
  logic [ACC-1:0] next;
  assign chain = {{(OW - pe_pkg::chain_width(TERMS, TW, LAST - 1)) {1'b0}}, g_chain[LAST-1].r};
  // chain - 2^TOP in two's complement: the top bit, inverted, is also the sign.
  localparam logic [ACC-1:0] FLIP = {{(ACC - TOP) {1'b1}}, {TOP{1'b0}}};
  tadd #(.W(ACC), .GATE_A(1'b1), .INVERT_B(FLIP)) u_acc (
      .a(acc_in), .b({{(ACC - OW) {chain[OW-1]}}, chain}), .c({{(ACC - OW) {1'b0}}, operand[(NO-1)*OW+:OW]}),
      .en(acc_en), .ci(late[NO-2]), .mi(late[NO-1]), .s(next));
  always_ff @(posedge clk) y <= next;
endmodule
