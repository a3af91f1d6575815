// One lane of bit-shifting, the textbook's way: shift by the code's exponent, complement by its sign, add.
//
// A code is {sign, e}: 0 for e = 0, otherwise 2^(e-1). Negative products are one's complements; the 1 is a carry in.
module lane_shift #(
    parameter int K = 16,
    parameter int WB = 4,
    parameter int AB = 8,
    parameter int ACC = 24,
    parameter bit TERNARY = 1'b0
) (
    input  logic            clk,
    input  logic [K*WB-1:0] code,
    input  logic [K-1:0]    top,
    input  logic [K-1:0]    cin,
    input  logic            we,
    input  logic [K*AB-1:0] act,
    input  logic            acc_en,
    input  logic [ACC-1:0]  acc_in,
    output logic [ACC-1:0]  y
);
  localparam int EB = WB - 1;
  localparam int MB = AB + (1 << EB) - 2;
  logic [K*(MB+1)-1:0] terms;
  genvar k;
  generate
    for (k = 0; k < K; k = k + 1) begin : g_term
      logic [AB-1:0] a;
      logic [EB-1:0] e;
      logic [MB-1:0] magnitude;
      logic [MB-1:0] r;
      always_ff @(posedge clk) if (we) a <= act[k*AB+:AB];
      assign e = code[k*WB+:EB];
      assign magnitude = (e == '0) ? '0 : {{(MB - AB) {1'b0}}, a} << (e - 1'b1);
      always_ff @(posedge clk) r <= magnitude ^ {MB{code[k*WB+EB]}};
      assign terms[k*(MB+1)+:MB+1] = {top[k], r};
    end
    if (TERNARY) begin : g_ternary
      dot_tree #(.TERMS(K), .TW(MB + 1), .ACC(ACC)) u_tree (
          .clk(clk), .terms(terms), .cin(cin), .acc_en(acc_en), .acc_in(acc_in), .y(y));
    end else begin : g_binary
      dot_binary #(.TERMS(K), .TW(MB + 1), .ACC(ACC)) u_tree (
          .clk(clk), .terms(terms), .cin(cin), .acc_en(acc_en), .acc_in(acc_in), .y(y));
    end
  endgenerate
endmodule
