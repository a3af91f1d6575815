// The dot-product array: LANES lanes of INPUTS inputs, in each of the variants of pe_pkg behind the same ports
// (docs/accelerator.md describes them, docs/hardware.md the circuits).
//
// `dot` is the sum of products plus `acc_in` where `acc_en` is set; the last adder of each lane has room for it, so that an
// accumulator costs nothing. `corr` belongs to `dot`. Codes: an index into the list of levels (PLUT, PLUT_PAIR), sign and
// exponent (SHIFT_*), two's complement (MULT); the last two know no levels and take unsigned activations only.
module pe_array #(
    parameter int KIND = 0,
    parameter int LANES = 16,
    parameter int GROUP = 2,   // lanes that are filled at once
    parameter int INPUTS = 16,
    parameter int WB = 4,      // bits of a weight; a pair's index has 2 * WB
    parameter int AB = 8,      // of an activation
    parameter int TB = 14,     // stored bits of a table's entry
    parameter int BANKS = 2,   // of the tables: 1 or 2; PLUT has 2
    parameter int ACC = 24,
    // Of the ports, from the above.
    parameter int LEVEL_ADDR = 2 + ((KIND == pe_pkg::PLUT_PAIR) ? 2 * WB : (KIND == pe_pkg::PLUT_HALF) ? 2 * WB - 1 : WB),
    parameter int GROUP_BITS = (LANES > GROUP) ? pe_pkg::log2(LANES / GROUP) : 1
) (
    input  logic                       clk,
    input  logic                       rst,
    input  logic                       level_we,
    input  logic [LEVEL_ADDR-1:0]      level_addr,
    input  logic [15:0]                level_data,
    input  logic                       fill_valid,
    output logic                       fill_ready,
    input  logic                       fill_bank,
    input  logic [GROUP_BITS-1:0]      fill_group,
    input  logic [1:0]                 fill_list,
    input  logic                       fill_signed,
    input  logic [GROUP*INPUTS*AB-1:0] fill_act,
    output logic                       fill_idle,
    input  logic                       use_valid,
    input  logic                       use_bank,
    input  logic [INPUTS*WB-1:0]       use_codes,
    input  logic                       acc_en,  // these two one cycle before `dot`
    input  logic [LANES*ACC-1:0]       acc_in,
    output logic [LANES*ACC-1:0]       dot,
    output logic [ACC-1:0]             corr
);
  localparam bit TABLES = KIND == pe_pkg::PLUT || KIND == pe_pkg::PLUT_PAIR || KIND == pe_pkg::PLUT_HALF;
  localparam bit SHIFTS = KIND == pe_pkg::SHIFT_TEXTBOOK || KIND == pe_pkg::SHIFT_TERNARY;
  localparam int LATENCY = pe_pkg::latency(KIND, INPUTS);

  // Which lanes take what is being filled: one bit a group, in time with the tables' write.
  localparam int GROUPS = LANES / GROUP;
  logic                  start;
  logic [GROUP_BITS-1:0] group;
  logic                  bank;
  logic                  write;      // one cycle before the lanes' enables
  logic [GROUPS-1:0]     enable;
  assign start = fill_valid && fill_ready;
  genvar g, k, b;
  generate
    for (g = 0; g < GROUPS; g = g + 1) begin : g_enable
      always_ff @(posedge clk) enable[g] <= write && group == g[GROUP_BITS-1:0];
    end

    if (TABLES) begin : g_fill
      // The writes of pairs trail the controller by one cycle more: the next fill may have begun.
      logic [GROUP_BITS-1:0] group_1;
      logic                  bank_1;
      logic [GROUP_BITS:0]   late;
      always_ff @(posedge clk) if (start) {group_1, bank_1} <= {fill_group, fill_bank};
      delay #(.W(GROUP_BITS + 1), .D((KIND == pe_pkg::PLUT) ? 0 : 1)) u_late (
          .clk(clk), .d({group_1, bank_1}), .q(late));
      assign {group, bank} = late;
      // Writes trail the controller by up to four cycles.
      logic idle_1, idle_2, idle_3, idle_4;
      always_ff @(posedge clk) {idle_4, idle_3, idle_2, idle_1} <= {idle_3, idle_2, idle_1, fill_ready && !start};
      assign fill_idle = fill_ready && idle_1 && idle_2 && idle_3 && (KIND != pe_pkg::PLUT_HALF || idle_4);
    end else begin : g_load
      logic [GROUP*INPUTS*AB-1:0] act;
      always_ff @(posedge clk) begin
        group <= fill_group;
        write <= fill_valid;
        act   <= fill_act;
      end
      logic [GROUP*INPUTS*AB-1:0] late;
      always_ff @(posedge clk) late <= act;
      logic written;
      always_ff @(posedge clk) written <= write;
      assign fill_ready = 1'b1;
      assign fill_idle  = !write && !written;
      assign bank       = 1'b0;
      assign corr       = '0;
      logic unused;
      assign unused = &{1'b0, rst, level_we, level_addr, level_data, fill_bank, fill_list, fill_signed, use_bank, use_valid, bank, start};
    end

    if (KIND == pe_pkg::PLUT) begin : g_plut
      // Controller and generators, one for each input of GROUP lanes.
      logic step, clear, double, neg, ci;
      logic [WB:0] negatives;
      logic [WB-1:0] waddr_next;
      logic [WB:0] waddr;
      logic [GROUP*INPUTS*TB-1:0] product;
      fill_ctl #(.A(WB)) u_ctl (
          .clk(clk), .rst(rst), .level_we(level_we), .level_addr(level_addr), .level_data(level_data[7:0]),
          .start(start), .list(fill_list), .ready(fill_ready), .negatives(negatives), .step(step), .clear(clear),
          .double(double), .neg(neg), .ci(ci), .we(write), .waddr(waddr_next));
      always_ff @(posedge clk) waddr <= {bank, waddr_next};
      for (g = 0; g < GROUP * INPUTS; g = g + 1) begin : g_gen
        fill_gen #(.AB(AB), .MB(TB)) u_gen (
            .clk(clk), .load(start), .x(fill_act[g*AB+:AB]), .x_signed(fill_signed), .step(step),
            .clear(clear), .double(double), .neg(neg), .ci(ci), .product(product[g*TB+:TB]));
      end

      // What the two banks hold, and the signs of a vector of codes.
      logic [2*(WB+1)-1:0] below;
      logic [1:0] is_signed;
      for (b = 0; b < 2; b = b + 1) begin : g_bank
        always_ff @(posedge clk) begin
          if (start && fill_bank == b[0]) begin
            below[b*(WB+1)+:WB+1] <= negatives;
            is_signed[b] <= fill_signed;
          end
        end
      end
      logic [WB:0] limit;
      assign limit = use_bank ? below[WB+1+:WB+1] : below[0+:WB+1];
      logic offset;
      delay #(.W(1), .D(LATENCY)) u_offset (.clk(clk), .d(use_bank ? is_signed[1] : is_signed[0]), .q(offset));
      // Signed products stand in offset binary, 2^(TB-1) too high each.
      assign corr = offset ? -(ACC'(INPUTS) << (TB - 1)) : '0;

      logic [INPUTS*(WB+1)-1:0] raddr;
      logic [INPUTS-1:0] top;
      logic [INPUTS-1:0] cin;
      for (k = 0; k < INPUTS; k = k + 1) begin : g_code
        localparam int D = pe_pkg::term_delay(INPUTS, k);
        localparam int CD = pe_pkg::carry_delay(INPUTS, k);
        logic negative;
        logic signed_use;
        assign negative = {1'b0, use_codes[k*WB+:WB]} < limit;
        assign signed_use = use_bank ? is_signed[1] : is_signed[0];
        delay #(.W(WB + 1), .D(D + 1)) u_addr (
            .clk(clk), .d({use_bank, use_codes[k*WB+:WB]}), .q(raddr[k*(WB+1)+:WB+1]));
        delay #(.W(1), .D(D + 2)) u_top (.clk(clk), .d(!negative || signed_use), .q(top[k]));
        delay #(.W(1), .D(CD + 1)) u_cin (.clk(clk), .d(negative), .q(cin[k]));
      end
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        lane_plut #(.K(INPUTS), .A(WB + 1), .MB(TB), .ACC(ACC)) u_lane (
            .clk(clk), .raddr(raddr), .top(top), .cin(cin), .we(enable[g/GROUP]), .waddr(waddr),
            .wdata(product[(g%GROUP)*INPUTS*TB+:INPUTS*TB]), .acc_en(acc_en), .acc_in(acc_in[g*ACC+:ACC]),
            .y(dot[g*ACC+:ACC]));
      end
      logic unused;
      assign unused = &{1'b0, level_data[15:8], use_valid};
    end

    if (KIND == pe_pkg::PLUT_PAIR) begin : g_pair
      localparam int P = INPUTS / 2;
      localparam int IB = 2 * WB;
      logic second, twice, step, clear, neg;
      logic [IB-1:0] waddr_next;
      logic [GROUP*P*TB-1:0] sum;
      fill_ctl_pair #(.A(IB)) u_ctl (
          .clk(clk), .rst(rst), .level_we(level_we), .level_addr(level_addr), .level_data(level_data), .start(start),
          .list(fill_list), .ready(fill_ready), .second(second), .twice(twice), .step(step), .clear(clear),
          .neg(neg), .we(write), .waddr(waddr_next));
      for (g = 0; g < GROUP * P; g = g + 1) begin : g_gen
        fill_gen_pair #(.AB(AB), .TW(TB)) u_gen (
            .clk(clk), .load(start), .x(fill_act[g*2*AB+:2*AB]), .x_signed(fill_signed), .second(second),
            .twice(twice), .step(step), .clear(clear), .neg(neg), .sum(sum[g*TB+:TB]));
      end
      assign corr = '0;

      // A table's address is that of the write while its bank is filled. Each group of lanes has registers of its own,
      // which stand still while others are filled, and so do the terms.
      logic [GROUPS*BANKS*P*IB-1:0] addr;
      logic [P-1:0] from;
      logic [P-1:0] read;
      for (k = 0; k < P; k = k + 1) begin : g_code
        localparam int D = pe_pkg::term_delay(P, k);
        logic [IB-1:0] code;
        logic use_of;
        logic used;
        delay #(.W(IB), .D(D)) u_code (.clk(clk), .d(use_codes[k*IB+:IB]), .q(code));
        delay #(.W(1), .D(D)) u_bank (.clk(clk), .d(use_bank), .q(use_of));
        delay #(.W(1), .D(D)) u_used (.clk(clk), .d(use_valid), .q(used));
        for (b = 0; b < BANKS; b = b + 1) begin : g_bank
          logic filled;
          logic [IB-1:0] next;
          assign filled = write && (BANKS == 1 || bank == b[0]);
          assign next = filled ? waddr_next : code;
          for (g = 0; g < GROUPS; g = g + 1) begin : g_group
            always_ff @(posedge clk)
              if (filled ? group == g[GROUP_BITS-1:0] : (used && (BANKS == 1 || use_of == b[0])))
                addr[((g*BANKS+b)*P+k)*IB+:IB] <= next;
          end
        end
        always_ff @(posedge clk) begin
          from[k] <= use_of;
          read[k] <= used;
        end
      end
      logic write_bank;
      always_ff @(posedge clk) write_bank <= bank;
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        logic [BANKS-1:0] we;
        if (BANKS == 1) begin : g_one
          assign we = enable[g/GROUP];
          logic unused;
          assign unused = &{1'b0, write_bank};
        end else begin : g_two
          assign we = {enable[g/GROUP] && write_bank, enable[g/GROUP] && !write_bank};
        end
        lane_pair #(.P(P), .A(IB), .TW(TB), .BANKS(BANKS), .ACC(ACC)) u_lane (
            .clk(clk), .addr(addr[(g/GROUP)*BANKS*P*IB+:BANKS*P*IB]), .read(read), .bank(from), .we(we), .wdata(sum[(g%GROUP)*P*TB+:P*TB]), .acc_en(acc_en),
            .acc_in(acc_in[g*ACC+:ACC]), .y(dot[g*ACC+:ACC]));
      end
    end

    if (KIND == pe_pkg::PLUT_HALF) begin : g_half
      localparam int IB = 2 * WB - 1;  // bits of an entry's number
      localparam int RB = IB + BANKS - 1;
      logic second, twice, step, clear, neg;
      logic [IB-1:0] waddr_next;
      logic [GROUP*8*TB-1:0] sum;
      fill_ctl_pair #(.A(IB)) u_ctl (
          .clk(clk), .rst(rst), .level_we(level_we), .level_addr(level_addr), .level_data(level_data), .start(start),
          .list(fill_list), .ready(fill_ready), .second(second), .twice(twice), .step(step), .clear(clear),
          .neg(neg), .we(write), .waddr(waddr_next));
      for (g = 0; g < GROUP * 8; g = g + 1) begin : g_gen
        fill_gen_pair #(.AB(AB), .TW(TB)) u_gen (
            .clk(clk), .load(start), .x(fill_act[g*2*AB+:2*AB]), .x_signed(fill_signed), .second(second),
            .twice(twice), .step(step), .clear(clear), .neg(neg), .sum(sum[g*TB+:TB]));
      end
      assign corr = '0;

      // Each group of lanes has a register for its address to write, each of up to four parts of the array registers for the
      // sums: what is not being filled stands still.
      localparam int PARTS = (GROUPS >= 4) ? 4 : 1;
      logic [RB-1:0] waddr;
      logic [GROUPS-1:0] we;
      logic [GROUPS*RB-1:0] waddr_of;
      logic [PARTS*GROUP*8*TB-1:0] sum_of;
      if (BANKS == 1) begin : g_one
        always_ff @(posedge clk) waddr <= waddr_next;
      end else begin : g_two
        always_ff @(posedge clk) waddr <= {bank, waddr_next};
      end
      always_ff @(posedge clk) we <= enable;
      for (g = 0; g < GROUPS; g = g + 1) begin : g_group
        always_ff @(posedge clk) if (enable[g]) waddr_of[g*RB+:RB] <= waddr;
      end
      for (g = 0; g < PARTS; g = g + 1) begin : g_part
        always_ff @(posedge clk)
          if (|enable[g*(GROUPS/PARTS)+:GROUPS/PARTS]) sum_of[g*GROUP*8*TB+:GROUP*8*TB] <= sum;
      end

      logic [8*RB-1:0] raddr;
      logic [7:0] read;
      logic [7:0] minus;
      logic [7:0] cin;
      for (k = 0; k < 8; k = k + 1) begin : g_code
        localparam int D = pe_pkg::half_delay(k);
        logic [RB-1:0] entry;
        if (BANKS == 1) begin : g_bank_one
          assign entry = use_codes[k*2*WB+:IB];
        end else begin : g_bank_two
          assign entry = {use_bank, use_codes[k*2*WB+:IB]};
        end
        delay #(.W(RB), .D(D + 1)) u_addr (.clk(clk), .d(entry), .q(raddr[k*RB+:RB]));
        delay #(.W(1), .D(D + 1)) u_read (.clk(clk), .d(use_valid), .q(read[k]));
        delay #(.W(1), .D(D + 2)) u_minus (.clk(clk), .d(use_codes[k*2*WB+IB]), .q(minus[k]));
        delay #(.W(1), .D(pe_pkg::half_carry(k) + 2)) u_cin (.clk(clk), .d(use_codes[k*2*WB+IB]), .q(cin[k]));
      end
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        lane_half #(.A(RB), .TW(TB), .ACC(ACC)) u_lane (
            .clk(clk), .raddr(raddr), .read(read), .neg(minus), .cin(cin), .we(we[g/GROUP]),
            .waddr(waddr_of[(g/GROUP)*RB+:RB]), .wdata(sum_of[((g*PARTS/LANES)*GROUP+g%GROUP)*8*TB+:8*TB]),
            .acc_en(acc_en), .acc_in(acc_in[g*ACC+:ACC]), .y(dot[g*ACC+:ACC]));
      end
      logic unused;
      assign unused = &{1'b0, use_bank, bank};
    end

    if (SHIFTS) begin : g_shift
      localparam bit TERNARY = KIND == pe_pkg::SHIFT_TERNARY;
      logic [INPUTS*WB-1:0] code;
      logic [INPUTS-1:0] top;
      logic [INPUTS-1:0] cin;
      for (k = 0; k < INPUTS; k = k + 1) begin : g_code
        localparam int D = TERNARY ? pe_pkg::term_delay(INPUTS, k) : 0;
        localparam int CD = TERNARY ? pe_pkg::carry_delay(INPUTS, k) : 1 + pe_pkg::node_level(INPUTS, k);
        delay #(.W(WB), .D(D + 1)) u_code (.clk(clk), .d(use_codes[k*WB+:WB]), .q(code[k*WB+:WB]));
        delay #(.W(1), .D(D + 2)) u_top (.clk(clk), .d(!use_codes[k*WB+WB-1]), .q(top[k]));
        delay #(.W(1), .D(CD + 1)) u_cin (.clk(clk), .d(use_codes[k*WB+WB-1]), .q(cin[k]));
      end
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        lane_shift #(.K(INPUTS), .WB(WB), .AB(AB), .ACC(ACC), .TERNARY(TERNARY)) u_lane (
            .clk(clk), .code(code), .top(top), .cin(cin), .we(enable[g/GROUP]),
            .act(g_load.late[(g%GROUP)*INPUTS*AB+:INPUTS*AB]), .acc_en(acc_en), .acc_in(acc_in[g*ACC+:ACC]),
            .y(dot[g*ACC+:ACC]));
      end
    end

    if (KIND == pe_pkg::SHIFT_FUSED) begin : g_fused
      localparam int EB = WB - 1;
      localparam int LB = WB - 2;
      logic [INPUTS*LB-1:0] low;
      logic [INPUTS-1:0] high;
      logic [INPUTS-1:0] some;
      logic [INPUTS-1:0] neg;
      for (k = 0; k < INPUTS; k = k + 1) begin : g_code
        logic [EB-1:0] shift;
        assign shift = use_codes[k*WB+:EB] - 1'b1;
        delay #(.W(LB), .D(k + 1)) u_low (.clk(clk), .d(shift[LB-1:0]), .q(low[k*LB+:LB]));
        logic       is_some;
        logic [2:0] rest;
        assign is_some = |use_codes[k*WB+:EB];
        delay #(.W(3), .D(k + 2)) u_rest (
            .clk(clk), .d({shift[LB], is_some, use_codes[k*WB+EB]}), .q(rest));
        assign {high[k], some[k], neg[k]} = rest;
      end
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        lane_shift_fused #(.K(INPUTS), .WB(WB), .AB(AB), .ACC(ACC)) u_lane (
            .clk(clk), .low(low), .high(high), .some(some), .neg(neg), .we(enable[g/GROUP]),
            .act(g_load.late[(g%GROUP)*INPUTS*AB+:INPUTS*AB]), .acc_en(acc_en), .acc_in(acc_in[g*ACC+:ACC]),
            .y(dot[g*ACC+:ACC]));
      end
    end

    if (KIND == pe_pkg::MULT) begin : g_mult
      logic [INPUTS*WB-1:0] code;
      for (k = 0; k < INPUTS; k = k + 1) begin : g_code
        delay #(.W(WB), .D(pe_pkg::term_delay(INPUTS, k) + 1)) u_code (
            .clk(clk), .d(use_codes[k*WB+:WB]), .q(code[k*WB+:WB]));
      end
      for (g = 0; g < LANES; g = g + 1) begin : g_lane
        lane_mult #(.K(INPUTS), .WB(WB), .AB(AB), .ACC(ACC)) u_lane (
            .clk(clk), .code(code), .we(enable[g/GROUP]), .act(g_load.late[(g%GROUP)*INPUTS*AB+:INPUTS*AB]),
            .acc_en(acc_en), .acc_in(acc_in[g*ACC+:ACC]), .y(dot[g*ACC+:ACC]));
      end
    end
  endgenerate
endmodule
