// The array of dot products that the engine is built with.
module plut_array #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int INPUTS = 16,
    parameter int PAIR = 0,
    parameter int MODEL = 1,      // 1: the behavioural twin, 0: the tables of rtl/pe
    parameter int DOT_BITS = 20,
    /* verilator lint_off UNUSEDPARAM */  // the twin has its own
    parameter int LATENCY = 2,
    /* verilator lint_on UNUSEDPARAM */
    // Of the ports, from the above.
    parameter int CODE_BITS = (PAIR != 0) ? INPUTS * 3 : INPUTS * 4,
    parameter int LEVEL_ADDR = (PAIR != 0) ? 8 : 6,
    parameter int GROUP_BITS = (LANES > GROUP) ? $clog2(LANES / GROUP) : 1
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic                      level_we,
    input  logic [LEVEL_ADDR-1:0]     level_addr,
    input  logic [15:0]               level_data,
    input  logic                      fill_valid,
    output logic                      fill_ready,
    input  logic                      fill_bank,
    input  logic [GROUP_BITS-1:0]     fill_group,
    input  logic [1:0]                fill_list,
    input  logic                      fill_signed,
    input  logic [GROUP*INPUTS*8-1:0] fill_act,
    output logic                      fill_idle,
    input  logic                      use_valid,
    input  logic                      use_bank,
    input  logic [CODE_BITS-1:0]      use_codes,
    output logic [LANES*DOT_BITS-1:0] dot,
    output logic [DOT_BITS-1:0]       corr
);
  generate
    if (MODEL != 0) begin : g_model
      plut_array_model #(.LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .PAIR(PAIR),
                         .FILL_CYCLES((PAIR != 0) ? 64 : 16), .DOT_BITS(DOT_BITS)) u_array (
          .clk, .rst, .level_we, .level_addr, .level_data, .fill_valid, .fill_ready, .fill_bank,
          .fill_group, .fill_list, .fill_signed, .fill_act, .fill_idle, .use_valid, .use_bank,
          .use_codes, .dot, .corr);
    end else begin : g_tables
      array_pe #(.LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .PAIR(PAIR), .DOT_BITS(DOT_BITS),
                 .LATENCY(LATENCY)) u_array (
          .clk, .rst, .level_we, .level_addr, .level_data, .fill_valid, .fill_ready, .fill_bank,
          .fill_group, .fill_list, .fill_signed, .fill_act, .fill_idle, .use_valid, .use_bank, .use_codes,
          .dot, .corr);
    end
  endgenerate
endmodule
