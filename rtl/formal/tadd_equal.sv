// The ternary adder of LUT6_2 and CARRY8 computes what its behavioural twin does: all gates, all inverted bits of a word.
module tadd_equal #(
    parameter int W = 24,
    parameter bit GATE_A = 1'b1,
    parameter logic [W-1:0] INVERT_B = '0,
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic [W-1:0] a,
    input logic [W-1:0] b,
    input logic [W-1:0] c,
    input logic en,
    input logic ci,
    input logic mi
);
  logic [W-1:0] cells;
  logic [W-1:0] twin;
  tadd #(.W(W), .GATE_A(GATE_A), .INVERT_B(INVERT_B), .PRIMITIVES(1'b1)) u_cells (.s(cells), .*);
  tadd #(.W(W), .GATE_A(GATE_A), .INVERT_B(INVERT_B), .PRIMITIVES(1'b0)) u_twin (.s(twin), .*);
  always_comb assert (cells == (twin ^ {{(W-1){1'b0}}, BROKEN}));
endmodule
