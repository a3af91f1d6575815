// Table generator of two activations: walks from sum to sum by one or two levels of one of them.
//
// Sums are in offset binary. `step`, `clear` and `neg` come one cycle after `second` and `twice`, which choose the operand.
module fill_gen_pair #(
    parameter int AB = 8,
    parameter int TW = 14
) (
    input  logic            clk,
    input  logic            load,
    input  logic [2*AB-1:0] x,
    input  logic            x_signed,
    input  logic            second,  // the operand is of the second activation
    input  logic            twice,   // and two levels
    input  logic            step,
    input  logic            clear,
    input  logic            neg,
    output logic [TW-1:0]   sum
);
  logic [AB:0]   a;
  logic [AB:0]   b;
  logic [AB+1:0] by;
  logic [TW-1:0] next;
  always_ff @(posedge clk) begin
    if (load) begin
      a <= {x_signed & x[AB-1], x[AB-1:0]};
      b <= {x_signed & x[2*AB-1], x[2*AB-1:AB]};
    end
  end
  // A register of its own: the choice takes all six inputs of a LUT.
  always_ff @(posedge clk) begin
    if (second) by <= twice ? {b, 1'b0} : {b[AB], b};
    else by <= twice ? {a, 1'b0} : {a[AB], a};
  end
  badd #(.W(TW)) u_add (.a(sum), .b({{(TW - AB - 2) {by[AB+1]}}, by} ^ {TW{neg}}), .ci(neg), .s(next));
  always_ff @(posedge clk) begin
    if (clear) sum <= {1'b1, {(TW - 1) {1'b0}}};
    else if (step) sum <= next;
  end
endmodule
