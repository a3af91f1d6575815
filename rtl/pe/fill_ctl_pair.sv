// What the table generators of pairs do, cycle by cycle: a walk through the points (first level, second level) of a list.
//
// Each cycle goes one or two levels along one axis. Entries are visited in the order of their codes: a compiler that
// numbers the pairs along a short tour gets a fill of about two cycles an entry for fitted pairs, and of one for a grid.
module fill_ctl_pair #(
    parameter int A = 6,      // bits of an index
    parameter int LISTS = 4,
    parameter int LB = 2
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            level_we,
    input  logic [LB+A-1:0] level_addr,
    input  logic [15:0]     level_data,  // first level in bits 0-7; both within -32 ... 31
    input  logic            start,
    input  logic [LB-1:0]   list,
    output logic            ready,
    output logic            second,
    output logic            twice,
    output logic            step,        // one cycle after `second` and `twice`
    output logic            clear,
    output logic            neg,
    output logic            we,          // with `step`: one cycle later the table takes the sum
    output logic [A-1:0]    waddr
);
  localparam int N = 6;  // bits of a level
`ifdef POTLUT_LISTS_IN_LUTS
  (* ram_style = "distributed" *)
`else
  (* ram_style = "block" *)
`endif
  logic [2*N-1:0] levels[0:(LISTS<<A)-1];
  always_ff @(posedge clk) if (level_we) levels[level_addr] <= {level_data[8+:N], level_data[0+:N]};

  logic [LB-1:0]     current;
  logic [A-1:0]      index;
  logic              busy;
  logic              first;
  logic signed [N:0] at_a, at_b, to_a, to_b, from_a, from_b, delta;
  logic [2*N-1:0]    level;  // of entry `index`
  logic              on_b, far, moves, reached;
  always_ff @(posedge clk) begin
    if (start) level <= levels[{list, {A{1'b0}}}];
    else level <= levels[{current, reached ? index + 1'b1 : index}];
  end
  assign to_a   = {level[N-1], level[N-1:0]};
  assign to_b   = {level[2*N-1], level[2*N-1:N]};
  // The first cycle sets the sum to that of levels (0, 0).
  assign from_a = at_a;
  assign from_b = at_b;
  assign on_b   = to_a == from_a;
  assign delta  = on_b ? to_b - from_b : to_a - from_a;
  assign moves  = !first && delta != 0;
  assign far    = delta[N] ? delta < -1 : delta > 1;

  logic signed [N:0] by, next_a, next_b;
  assign by      = !moves ? '0 : delta[N] ? (far ? -7'sd2 : -7'sd1) : (far ? 7'sd2 : 7'sd1);
  assign next_a  = on_b ? from_a : from_a + by;
  assign next_b  = on_b ? from_b + by : from_b;
  assign reached = busy && next_a == to_a && next_b == to_b;

  logic         step_1, clear_1, neg_1, we_1;
  logic [A-1:0] waddr_1;
  always_ff @(posedge clk) begin
    second  <= on_b;
    twice   <= far;
    step_1  <= busy && (first || moves);
    clear_1 <= busy && first;
    neg_1   <= delta[N];
    we_1    <= reached;
    waddr_1 <= index;
    {step, clear, neg, we, waddr} <= {step_1, clear_1, neg_1, we_1, waddr_1};
    if (rst) begin
      busy <= 1'b0;
    end else if (start) begin
      busy    <= 1'b1;
      current <= list;
      index   <= '0;
      first   <= 1'b1;
      at_a    <= '0;
      at_b    <= '0;
    end else if (busy) begin
      first <= 1'b0;
      at_a  <= next_a;
      at_b  <= next_b;
      if (reached) begin
        index <= index + 1'b1;
        if (&index) busy <= 1'b0;
      end
    end
  end
  assign ready = !busy;
  logic unused;
  assign unused = &{1'b0, level_data[15:8+N], level_data[7:N]};
endmodule
