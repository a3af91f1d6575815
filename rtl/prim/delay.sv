// D registers in a row, D >= 0.
module delay #(
    parameter int W = 1,
    parameter int D = 1
) (
    input  logic         clk,
    input  logic [W-1:0] d,
    output logic [W-1:0] q
);
  generate
    if (D == 0) begin : g_wire
      assign q = d;
      logic unused;
      assign unused = &{1'b0, clk};
    end else if (D == 1) begin : g_one
      logic [W-1:0] r;
      always_ff @(posedge clk) r <= d;
      assign q = r;
    end else begin : g_many
      logic [W*D-1:0] r;
      always_ff @(posedge clk) r <= {r[W*(D-1)-1:0], d};
      assign q = r[W*D-1:W*(D-1)];
    end
  endgenerate
endmodule
