// What the table generators of single look-ups do, cycle by cycle, for any list of levels.
//
// Lists are in ascending order (entries past the last level may hold anything). A fill begins at the first level that is
// not negative and goes up to the last entry, then from the highest negative level down: in each direction the next level
// is reached by doubling where that does not pass it, else by steps of one; lists in any other order are filled too, by
// starting at 0 again, as long as no negative level comes after another. One entry a cycle for powers of two and for
// consecutive integers.
module fill_ctl #(
    parameter int A = 4,      // bits of a code
    parameter int LISTS = 4,
    parameter int LB = 2      // bits of a list's number
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            level_we,
    input  logic [LB+A-1:0] level_addr,
    input  logic [7:0]      level_data,
    input  logic            start,       // only while ready
    input  logic [LB-1:0]   list,
    output logic            ready,
    output logic [A:0]      negatives,   // levels below 0 of `list`
    output logic            step,
    output logic            clear,
    output logic            double,
    output logic            neg,
    output logic            ci,
    output logic            we,          // with `step`: one cycle later the table takes the product
    output logic [A-1:0]    waddr
);
  logic [LISTS*(A+1)-1:0] count;
  logic [LB-1:0]          current;
  logic [A-1:0]           index;
  logic                   falling;       // through the negative levels
  logic                   first;
  logic [7:0]             at;            // |level| that the generators hold
  logic                   busy;

  (* ram_style = "distributed" *)
  logic [7:0] levels[0:(LISTS<<A)-1];
  always_ff @(posedge clk) if (level_we) levels[level_addr] <= level_data;

  // Number of negative levels: the writes of a list begin at its entry 0.
  genvar l;
  generate
    for (l = 0; l < LISTS; l = l + 1) begin : g_count
      always_ff @(posedge clk) begin
        if (level_we && level_addr[LB+A-1:A] == l[LB-1:0]) begin
          if (level_addr[A-1:0] == '0) count[l*(A+1)+:A+1] <= {{A{1'b0}}, level_data[7]};
          else count[l*(A+1)+:A+1] <= count[l*(A+1)+:A+1] + {{A{1'b0}}, level_data[7]};
        end
      end
    end
  endgenerate
  assign negatives = count[list*(A+1)+:A+1];

  logic [7:0]   level;
  logic [7:0]   target;
  logic [7:0]   next;
  logic [A:0]   below;
  logic         restart, reached;
  logic         last_up, last;
  assign below   = count[current*(A+1)+:A+1];
  assign level   = levels[{current, index}];
  assign target  = falling ? -level : level;
  assign restart = first || at > target;
  assign next    = restart ? 8'd0 : at == target ? at : (at != 8'd0 && {at, 1'b0} <= {1'b0, target}) ? {at[6:0], 1'b0} : at + 8'd1;
  assign reached = next == target;
  assign last_up = !falling && &index;
  assign last    = reached && (falling ? index == '0 : (last_up && below == '0));

  always_ff @(posedge clk) begin
    step   <= busy && (restart || at != target);
    clear  <= busy && restart;
    double <= at != 8'd0 && {at, 1'b0} <= {1'b0, target};
    neg    <= falling;
    ci     <= falling && at != 8'd0;
    we     <= busy && reached;
    waddr  <= index;
    if (rst) begin
      busy <= 1'b0;
    end else if (start) begin
      busy    <= 1'b1;
      current <= list;
      index   <= negatives[A-1:0];
      falling <= negatives[A];
      first   <= 1'b1;
      at      <= 8'd0;
    end else if (busy) begin
      at    <= next;
      first <= 1'b0;
      if (reached) begin
        if (last_up && below != '0) begin
          falling <= 1'b1;
          first   <= 1'b1;
          index   <= below[A-1:0] - 1'b1;
        end else if (falling) index <= index - 1'b1;
        else index <= index + 1'b1;
      end
      if (last) busy <= 1'b0;
    end
  end
  assign ready = !busy;
endmodule
