// The binary adder on CARRY8 computes what its behavioural twin does.
module badd_equal #(
    parameter int W = 24
) (
    input logic [W-1:0] a,
    input logic [W-1:0] b,
    input logic ci
);
  logic [W-1:0] cells;
  logic [W-1:0] twin;
  badd #(.W(W), .PRIMITIVES(1'b1)) u_cells (.s(cells), .*);
  badd #(.W(W), .PRIMITIVES(1'b0)) u_twin (.s(twin), .*);
  always_comb assert (cells == twin);
endmodule
