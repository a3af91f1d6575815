// An array of rtl/pe behind the engine's ports (docs/accelerator.md).
module array_pe #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int INPUTS = 16,
    parameter int PAIR = 0,
    parameter int DOT_BITS = 20,
    parameter int LATENCY = 6,
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
  localparam int Kind = (PAIR != 0) ? pe_pkg::PLUT_PAIR : pe_pkg::PLUT;
  generate
    if (LATENCY != pe_pkg::latency(Kind, INPUTS)) begin : g_wrong_latency
      latency_of_the_array_has_changed u_error ();
    end
  endgenerate
  pe_array #(.KIND(Kind), .LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .WB((PAIR != 0) ? 3 : 4),
             .AB(8), .TB(14), .BANKS(2), .ACC(DOT_BITS)) u_array (
      .clk(clk), .rst(rst), .level_we(level_we), .level_addr(level_addr), .level_data(level_data),
      .fill_valid(fill_valid), .fill_ready(fill_ready), .fill_bank(fill_bank),
      .fill_group(fill_group), .fill_list(fill_list), .fill_signed(fill_signed),
      .fill_act(fill_act), .fill_idle(fill_idle), .use_valid(use_valid), .use_bank(use_bank), .use_codes(use_codes),
      .acc_en(1'b0), .acc_in('0), .dot(dot), .corr(corr));
endmodule
