// The convolution engine: fills, uses and drains (docs/accelerator.md). One command at a time; the
// array stands outside.
module plut_conv #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int INPUTS = 16,
    parameter int DRAIN = 8,
    parameter int DOT_BITS = 20,
    parameter int LATENCY = 2,
    parameter int SUM_BITS = 10,
    parameter int SUM_WORDS = 1024,
    parameter int GROUP_BITS = (LANES > GROUP) ? $clog2(LANES / GROUP) : 1
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic                      start,
    output logic                      busy,
    output logic                      bad_pass,
    // Commands kConv and kOutput; steady while busy.
    /* verilator lint_off UNUSEDSIGNAL */  // headers, and what fields leave free
    input  logic [511:0]              conv,
    input  logic [511:0]              out,
    /* verilator lint_on UNUSEDSIGNAL */
    // Memories: data a cycle after the address, or its grant.
    output logic [7:0]                pass_addr,
    input  logic [127:0]              pass_data,
    output logic [15:0]               channel_addr,
    input  logic [39:0]               channel_data,
    output logic                      w_req,
    output logic [31:0]               w_addr,
    output logic                      fill_req,
    output logic [31:0]               fill_addr,
    input  logic                      fill_gnt,
    output logic                      other_req,
    output logic [31:0]               other_addr,
    input  logic                      other_gnt,
    input  logic [127:0]              a_data,
    output logic                      a_we,
    output logic [31:0]               a_waddr,
    output logic [127:0]              a_wdata,
    // The array.
    output logic                      fill_valid,
    input  logic                      fill_ready,
    output logic                      fill_bank,
    output logic [GROUP_BITS-1:0]     fill_group,
    output logic [1:0]                fill_list,
    output logic                      fill_signed,
    output logic [GROUP*INPUTS*8-1:0] fill_act,
    input  logic                      fill_idle,
    output logic                      use_valid,
    output logic                      use_bank,
    input  logic [LANES*DOT_BITS-1:0] dot,
    input  logic [DOT_BITS-1:0]       corr,
    // What is counted.
    output logic                      waits_fill,
    output logic                      waits_drain
);
  logic gen_busy, use_busy, drain_busy;
  logic gen_waits, drain_waits;
  logic info_valid, info_ready, info_bank, info_late, info_done_valid;
  logic [2:0] info_lands, info_ky, info_taps, info_scale;
  logic [7*SUM_BITS-1:0] info_slot;
  logic [6:0] info_first;
  logic [15:0] info_row_max, info_done, ready_rows, drained_rows;
  logic [31:0] info_weights;
  logic d_req, d_gnt;
  logic [SUM_BITS-1:0] d_addr;
  logic [LANES*32-1:0] d_data;

  wire [SUM_BITS-1:0] outputs_m1 = SUM_BITS'(conv[239:224] - 16'd1);
  wire [SUM_BITS:0] ring_words = (SUM_BITS + 1)'(32'(conv[239:224]) * 32'(conv[255:240]));

  assign busy = gen_busy || use_busy || drain_busy;
  assign waits_fill = busy && gen_waits;
  assign waits_drain = drain_waits;

  plut_passgen #(.LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .SUM_BITS(SUM_BITS)) u_gen (
      .clk, .rst, .start, .busy(gen_busy), .bad_pass,
      .base(conv[63:32]), .row_words(conv[79:64]), .column_words(conv[95:80]),
      .height(conv[111:96]), .width(conv[127:112]), .row_first(conv[143:128]),
      .row_last(conv[159:144]), .strip_lanes(conv[175:160]), .strips(conv[191:176]),
      .strip_rows(conv[207:192]), .out_rows(conv[223:208]), .outputs_m1, .ring_words,
      .pass_first(conv[263:256]), .pass_count(conv[279:272]), .kernel_h(conv[290:288]),
      .stride_h(conv[298:296]), .pad_top(conv[307:304]), .act_signed(conv[8]),
      .pass_addr, .pass_data, .a_req(fill_req), .a_addr(fill_addr), .a_gnt(fill_gnt), .a_data,
      .fill_valid, .fill_ready, .fill_bank, .fill_group, .fill_list, .fill_signed, .fill_act,
      .fill_idle, .info_valid, .info_ready, .info_bank, .info_lands, .info_slot, .info_first,
      .info_ky, .info_row_max, .info_weights, .info_taps, .info_scale, .info_late,
      .info_done_valid, .info_done);

  plut_use #(.LANES(LANES), .DOT_BITS(DOT_BITS), .LATENCY(LATENCY), .SUM_BITS(SUM_BITS),
             .SUM_WORDS(SUM_WORDS)) u_use (
      .clk, .rst, .start, .busy(use_busy), .strip_lanes(conv[175:160]), .strips(conv[191:176]),
      .columns(out[127:112]), .offset(out[146:144]), .outputs_m1, .ring(conv[255:240]),
      .kernel_h(conv[290:288]), .stride_h(conv[298:296]), .weights(conv[351:320]),
      .info_valid, .info_ready, .info_bank, .info_lands, .info_slot, .info_first, .info_ky,
      .info_row_max, .info_weights, .info_taps, .info_scale, .info_late, .info_done_valid,
      .info_done, .w_req, .w_addr, .use_valid, .use_bank, .dot, .corr, .ready_rows,
      .drained_rows, .d_req, .d_addr, .d_gnt, .d_data, .waits_fill(gen_waits),
      .waits_drain(drain_waits));

  plut_drain #(.LANES(LANES), .DRAIN(DRAIN), .SUM_BITS(SUM_BITS)) u_drain (
      .clk, .rst, .start, .busy(drain_busy), .base(out[63:32]), .row_words(out[79:64]),
      .column_words(out[95:80]), .height(out[111:96]), .columns(out[127:112]),
      .strip_rows(out[143:128]), .offset(out[146:144]), .channel_base(out[175:160]),
      .lo(out[207:192]), .hi(out[223:208]), .wide(out[9]), .residual(out[10]),
      .residual_signed(out[11]), .residual_base(out[255:224]),
      .residual_row_words(out[271:256]), .residual_column_words(out[287:272]),
      .shift_conv(out[291:288]), .shift_other(out[299:296]), .shift(out[308:304]),
      .sum_lo(out[335:320]), .sum_hi(out[351:336]), .strip_lanes(conv[175:160]),
      .strips(conv[191:176]), .out_rows(conv[223:208]), .outputs_m1, .ring_words, .ready_rows,
      .drained_rows, .d_req, .d_addr, .d_gnt, .d_data, .channel_addr, .channel_data,
      .a_req(other_req), .a_addr(other_addr), .a_gnt(other_gnt), .a_data, .a_we, .a_waddr,
      .a_wdata);
endmodule
