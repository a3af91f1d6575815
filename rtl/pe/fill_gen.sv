// Table generator of one activation: products by addition and doubling, one LUT a bit.
//
// The accumulator holds level * x, or its one's complement while a negative level is made (numerics: ~m = -m - 1).
module fill_gen #(
    parameter int AB = 8,
    parameter int MB = 14
) (
    input  logic          clk,
    input  logic          load,    // takes x
    input  logic [AB-1:0] x,
    input  logic          x_signed,  // with load: x is signed, products are stored in offset binary
    input  logic          step,    // does one of the following
    input  logic          clear,   // to level 0
    input  logic          double,  // twice the level, else by one level up or (neg) down
    input  logic          neg,
    input  logic          ci,
    output logic [MB-1:0] product
);
  logic [AB:0]   a;
  logic          offset;
  logic [MB-1:0] acc;
  logic [MB-1:0] wide;
  logic [MB-1:0] sum;
  always_ff @(posedge clk) if (load) {offset, a} <= {x_signed, x_signed & x[AB-1], x};
  assign wide = {{(MB - AB) {a[AB]}}, a[AB-1:0]};
  badd #(.W(MB)) u_add (.a(acc), .b(double ? acc : wide ^ {MB{neg}}), .ci(ci), .s(sum));
  always_ff @(posedge clk) begin
    if (clear) acc <= '0;
    else if (step) acc <= sum;
  end
  assign product = {acc[MB-1] ^ offset, acc[MB-2:0]};
endmodule
