// Ternary adder with two carries in: s = (a if en) + b + c + ci + mi, modulo 2^W, one LUT a bit.
//
// An UltraScale+ LUT6_2 makes both the sum and the majority of three bits; the majorities, shifted by one, are the second
// operand of the slice's carry chain. Two bits of that structure would be constant zero (the first majority and the
// carry in): here they are inputs, and take the +1 of two negations at no cost. INVERT_B flips bits of b, which turns an
// offset-binary sum into two's complement. The primitives and the behavioural twin are proved equal (rtl/formal).
module tadd #(
    parameter int W = 16,
    parameter bit GATE_A = 1'b0,            // a counts only where en is 1
    parameter logic [W-1:0] INVERT_B = '0,
    parameter bit PRIMITIVES = 1'b0
) (
    input  logic [W-1:0] a,
    input  logic [W-1:0] b,
    input  logic [W-1:0] c,
    input  logic         en,
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
        // I0 a, I1 b, I2 c, I3 the majority of the bit below, I4 en: O6 = a^b^c^m, O5 = majority(a, b, c).
        localparam logic [63:0] INIT = GATE_A
            ? (INVERT_B[i] ? 64'h96693CC3_B2B23030 : 64'h6996C33C_E8E8C0C0)
            : (INVERT_B[i] ? 64'h96699669_B2B2B2B2 : 64'h69966996_E8E8E8E8);
        LUT6_2 #(.INIT(INIT)) u_lut (
            .I0(a[i]), .I1(b[i]), .I2(c[i]), .I3(maj[i]), .I4(GATE_A ? en : 1'b0), .I5(1'b1),
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
      assign unused = &{1'b0, maj[W], carry[G], sum, en};
    end else begin : g_twin
      assign s = ((GATE_A && !en) ? {W{1'b0}} : a) + (b ^ INVERT_B) + c + {{(W-1){1'b0}}, ci} + {{(W-1){1'b0}}, mi};
      logic unused;
      assign unused = &{1'b0, en};
    end
  endgenerate
endmodule
