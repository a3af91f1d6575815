// One lane of multipliers with a ternary adder tree; synthesis maps the products to LUTs or to DSP48E2.
//
// Codes are weights in two's complement.
module lane_mult #(
    parameter int K = 16,
    parameter int WB = 8,
    parameter int AB = 8,
    parameter int ACC = 24
) (
    input  logic            clk,
    input  logic [K*WB-1:0] code,
    input  logic            we,
    input  logic [K*AB-1:0] act,
    input  logic            acc_en,
    input  logic [ACC-1:0]  acc_in,
    output logic [ACC-1:0]  y
);
  localparam int TW = WB + AB;
  logic [K*TW-1:0] terms;
  genvar k;
  generate
    for (k = 0; k < K; k = k + 1) begin : g_term
      logic [AB-1:0] a;
      logic signed [TW-1:0] product;
      always_ff @(posedge clk) if (we) a <= act[k*AB+:AB];
      always_ff @(posedge clk) product <= $signed(code[k*WB+:WB]) * $signed({1'b0, a});
      assign terms[k*TW+:TW] = {~product[TW-1], product[TW-2:0]};
    end
  endgenerate
  dot_tree #(.TERMS(K), .TW(TW), .ACC(ACC)) u_tree (
      .clk(clk), .terms(terms), .cin({K{1'b0}}), .acc_en(acc_en), .acc_in(acc_in), .y(y));
endmodule
