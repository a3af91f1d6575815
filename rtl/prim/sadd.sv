// Adder of two operands that may each be complemented: s = (a ^ na) + (b ^ nb) + ci, modulo 2^W, one LUT a bit.
//
// A complement covers the low AW (BW) bits, which are those that hold a term; the bits above stay. Both complements stand in
// the adder's own LUTs: O6 makes a ^ na ^ b ^ nb, O5 makes a ^ na for the carry chain. Proved equal to the twin (rtl/formal).
module sadd #(
    parameter int W = 16,
    parameter int AW = 16,
    parameter int BW = 16,
    parameter bit PRIMITIVES = 1'b0
) (
    input  logic [W-1:0] a,
    input  logic [W-1:0] b,
    input  logic         na,
    input  logic         nb,
    input  logic         ci,
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
      logic [G:0]     carry;
      assign carry[0] = ci;
      genvar i;
      for (i = 0; i < W; i = i + 1) begin : g_bit
        // I0 a, I1 b, I2 na, I3 nb: O6 = a ^ b ^ na ^ nb, O5 = a ^ na.
        LUT6_2 #(.INIT(64'h69966996_5A5A5A5A)) u_lut (
            .I0(a[i]), .I1(b[i]), .I2((i < AW) ? na : 1'b0), .I3((i < BW) ? nb : 1'b0), .I4(1'b0), .I5(1'b1),
            .O5(gen[i]), .O6(sel[i]));
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
      assign unused = &{1'b0, carry[G], sum};
    end else begin : g_twin
      logic [W-1:0] mask_a;
      logic [W-1:0] mask_b;
      assign mask_a = {W{1'b1}} >> (W - AW);
      assign mask_b = {W{1'b1}} >> (W - BW);
      assign s = (a ^ (mask_a & {W{na}})) + (b ^ (mask_b & {W{nb}})) + {{(W-1){1'b0}}, ci};
    end
  endgenerate
endmodule
