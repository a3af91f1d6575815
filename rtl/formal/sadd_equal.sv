// The adders with complements in their LUTs compute what their behavioural twins do.
module sadd_equal #(
    parameter int W = 15,
    parameter int AW = 14,
    parameter int BW = 14,
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic [W-1:0] a,
    input logic [W-1:0] b,
    input logic [W-1:0] c,
    input logic na,
    input logic nb,
    input logic ci,
    input logic mi
);
  logic [W-1:0] cells, twin, cells_three, twin_three;
  sadd #(.W(W), .AW(AW), .BW(BW), .PRIMITIVES(1'b1)) u_cells (.s(cells), .*);
  sadd #(.W(W), .AW(AW), .BW(BW), .PRIMITIVES(1'b0)) u_twin (.s(twin), .*);
  stadd #(.W(W), .CW(AW), .PRIMITIVES(1'b1)) u_cells_three (.nc(na), .s(cells_three), .*);
  stadd #(.W(W), .CW(AW), .PRIMITIVES(1'b0)) u_twin_three (.nc(na), .s(twin_three), .*);
  always_comb begin
    assert (cells == twin);
    assert (cells_three == (twin_three ^ {{(W-1){1'b0}}, BROKEN}));
  end
endmodule
