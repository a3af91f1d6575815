// Ternary adder whose last operand may be complemented: s = a + b + (c ^ nc) + ci + mi, modulo 2^W, one LUT a bit.
//
// The complement covers the low CW bits of c and takes the LUT input that tadd leaves free. Proved equal to the twin
// (rtl/formal).
module stadd #(
    parameter int W = 16,
    parameter int CW = 16,
    parameter bit PRIMITIVES = 1'b0
) (
    input  logic [W-1:0] a,
    input  logic [W-1:0] b,
    input  logic [W-1:0] c,
    input  logic         nc,
    input  logic         ci,
    input  logic         mi,
    output logic [W-1:0] s
);
  localparam bit USE_CELLS =
`ifdef POTLUT_PRIMITIVES
      1'b1;
`else
      PRIMITIVES;
`endif

  generate
    if (USE_CELLS) begin : g_cells
      localparam int G = (W + 7) / 8;
      logic [8*G-1:0] sum;
      logic [8*G-1:0] sel;
      logic [8*G-1:0] gen;
      logic [W:0]     maj;
      logic [G:0]     carry;
      assign maj[0]   = mi;
      assign carry[0] = ci;
      genvar i;
      for (i = 0; i < W; i = i + 1) begin : g_bit
        // I0 a, I1 b, I2 c, I3 the majority of the bit below, I4 nc.
        LUT6_2 #(.INIT(64'h96696996_8E8EE8E8)) u_lut (
            .I0(a[i]), .I1(b[i]), .I2(c[i]), .I3(maj[i]), .I4((i < CW) ? nc : 1'b0), .I5(1'b1),
            .O5(maj[i+1]), .O6(sel[i]));
        assign gen[i] = maj[i];
      end
      if (8 * G > W) begin : g_rest
        assign sel[8*G-1:W] = '0;
        assign gen[8*G-1:W] = '0;
      end
      for (i = 0; i < G; i = i + 1) begin : g_carry
        logic [7:0] co;
        CARRY8 #(.CARRY_TYPE("SINGLE_CY8")) u_carry (
            .CI(carry[i]), .CI_TOP(1'b0), .DI(gen[8*i+:8]), .S(sel[8*i+:8]), .O(sum[8*i+:8]), .CO(co));
        assign carry[i+1] = co[7];
      end
      assign s = sum[W-1:0];
      logic unused;
      assign unused = &{1'b0, maj[W], carry[G], sum};
    end else begin : g_twin
      logic [W-1:0] mask;
      assign mask = {W{1'b1}} >> (W - CW);
      assign s = a + b + (c ^ (mask & {W{nc}})) + {{(W-1){1'b0}}, ci} + {{(W-1){1'b0}}, mi};
    end
  endgenerate
endmodule
