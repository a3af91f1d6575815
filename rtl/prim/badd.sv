// Binary adder with a carry in: s = a + b + ci, modulo 2^W, one LUT a bit.
//
// The logic that makes b may be up to five inputs wide and is mapped into the adder's own LUTs: only a, b and the carry
// chain are fixed here, so that a synthesis tool that does not see through `+` packs it as a designer would by hand.
module badd #(
    parameter int W = 16,
    parameter bit PRIMITIVES = 1'b0
) (
    input  logic [W-1:0] a,
    input  logic [W-1:0] b,
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
      assign carry[0]     = ci;
      assign sel[W-1:0]   = a ^ b;
      assign gen[W-1:0]   = a;
      if (8 * G > W) begin : g_rest
        assign sel[8*G-1:W] = '0;
        assign gen[8*G-1:W] = '0;
      end
      genvar i;
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
      assign s = a + b + {{(W-1){1'b0}}, ci};
    end
  endgenerate
endmodule
