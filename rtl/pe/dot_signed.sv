// Sum of eight offset-binary terms, each of which may be complemented, and the accumulator, pipelined.
//
// y <= (acc_in if acc_en) + the sum over i of (-1)^neg[i] * (terms[i] - 2^(TW-1)): a complement is one too low, which cin
// makes up for. Two terms meet in a binary adder, a third joins in a ternary one: every complement stands in the LUTs of the
// adder that takes the term, and there are as many carries in as terms. Terms, signs and carries come skewed: see
// pe_pkg::half_delay and half_carry.
module dot_signed #(
    parameter int TW = 14,
    parameter int ACC = 24
) (
    input  logic            clk,
    input  logic [8*TW-1:0] terms,
    input  logic [7:0]      neg,     // in time with the term
    input  logic [7:0]      cin,
    input  logic            acc_en,
    input  logic [ACC-1:0]  acc_in,
    output logic [ACC-1:0]  y
);
  localparam int TOP = TW + 2;  // the bit that holds all offsets
  logic [3*(TW+1)-1:0] two, two_r;
  genvar i;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_two
      // Terms 0 and 1, 2 and 3, 4 and 5.
      sadd #(.W(TW + 1), .AW(TW), .BW(TW)) u_add (
          .a({1'b0, terms[2*i*TW+:TW]}), .b({1'b0, terms[(2*i+1)*TW+:TW]}), .na(neg[2*i]), .nb(neg[2*i+1]),
          .ci(cin[i]), .s(two[i*(TW+1)+:TW+1]));
    end
  endgenerate
  always_ff @(posedge clk) two_r <= two;

  logic [TOP:0]  five, five_r;
  logic [TW+1:0] three, three_r;
  stadd #(.W(TOP + 1), .CW(TW)) u_five (
      .a({2'b0, two_r[0+:TW+1]}), .b({2'b0, two_r[TW+1+:TW+1]}), .c({3'b0, terms[6*TW+:TW]}), .nc(neg[6]),
      .ci(cin[3]), .mi(cin[4]), .s(five));
  sadd #(.W(TW + 2), .AW(TW), .BW(TW)) u_three (
      .a({2'b0, terms[7*TW+:TW]}), .b({1'b0, two_r[2*(TW+1)+:TW+1]}), .na(neg[7]), .nb(1'b0), .ci(cin[5]), .s(three));
  always_ff @(posedge clk) begin
    five_r  <= five;
    three_r <= three;
  end

  // five_r - 2^TOP in two's complement: the top bit, inverted, is also the sign.
  localparam logic [ACC-1:0] FLIP = {{(ACC - TOP) {1'b1}}, {TOP{1'b0}}};
  logic [ACC-1:0] next;
  tadd #(.W(ACC), .GATE_A(1'b1), .INVERT_B(FLIP)) u_acc (
      .a(acc_in), .b({{(ACC - TOP - 1) {five_r[TOP]}}, five_r}), .c({{(ACC - TOP) {1'b0}}, three_r}),
      .en(acc_en), .ci(cin[6]), .mi(cin[7]), .s(next));
  always_ff @(posedge clk) y <= next;
endmodule
