// The behavioural twin of the arrays in rtl/pe: holds the activations and levels themselves and
// multiplies. docs/accelerator.md describes the ports.
module plut_array_model #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int INPUTS = 16,
    parameter int PAIR = 0,
    parameter int FILL_CYCLES = 16,
    parameter int DOT_BITS = 20,
    // Of the ports, from the above.
    parameter int CODE_BITS = (PAIR != 0) ? INPUTS * 3 : INPUTS * 4,
    parameter int LEVEL_ADDR = (PAIR != 0) ? 8 : 6,
    parameter int GROUP_BITS = (LANES > GROUP) ? $clog2(LANES / GROUP) : 1
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
    input  logic [GROUP*INPUTS*8-1:0]  fill_act,
    output logic                       fill_idle,
    input  logic                       use_valid,
    input  logic                       use_bank,
    input  logic [CODE_BITS-1:0]       use_codes,
    output logic [LANES*DOT_BITS-1:0]  dot,
    output logic [DOT_BITS-1:0]        corr
);
  localparam int LIST = (PAIR != 0) ? 64 : 16;
  logic signed [7:0] level_a[0:4*LIST-1];
  logic signed [7:0] level_b[0:4*LIST-1];
  logic [7:0] busy;
  logic [1:0] list[0:1];
  logic [LANES*INPUTS*9-1:0] act0, act1;  // of bank 0, 1

  assign fill_ready = busy == 8'd0;
  assign fill_idle = busy == 8'd0;
  assign corr = '0;

  always_ff @(posedge clk) begin
    if (level_we) begin
      level_a[level_addr] <= $signed(level_data[7:0]);
      level_b[level_addr] <= $signed(level_data[15:8]);
    end
    if (busy != 8'd0) busy <= busy - 8'd1;
    if (fill_valid && fill_ready) begin
      busy <= 8'(FILL_CYCLES);
      list[fill_bank] <= fill_list;
      for (int n = 0; n < LANES; n++)
        if (32'(fill_group) == n / GROUP)
          for (int k = 0; k < INPUTS; k++) begin
            if (fill_bank)
              act1[(n*INPUTS+k)*9+:9] <= {fill_signed & fill_act[((n%GROUP)*INPUTS+k)*8+7],
                                          fill_act[((n%GROUP)*INPUTS+k)*8+:8]};
            else
              act0[(n*INPUTS+k)*9+:9] <= {fill_signed & fill_act[((n%GROUP)*INPUTS+k)*8+7],
                                          fill_act[((n%GROUP)*INPUTS+k)*8+:8]};
          end
    end
    if (rst) busy <= 8'd0;
  end

  // The levels of this vector of codes, then the dot products: two cycles.
  logic signed [7:0] weight[0:INPUTS-1];
  logic [LANES*INPUTS*9-1:0] act;
  logic signed [DOT_BITS-1:0] sum;
  logic [LANES*DOT_BITS-1:0] sums;
  always_ff @(posedge clk) begin
    if (use_valid) begin
      for (int k = 0; k < INPUTS; k++) begin
        if (PAIR != 0)
          weight[k] <= (k % 2 == 0) ? level_a[LEVEL_ADDR'({list[use_bank], use_codes[(k/2)*6+:6]})]
                                    : level_b[LEVEL_ADDR'({list[use_bank], use_codes[(k/2)*6+:6]})];
        else weight[k] <= level_a[LEVEL_ADDR'({list[use_bank], use_codes[k*4+:4]})];
      end
      act <= use_bank ? act1 : act0;
    end
  end
  always_comb begin
    for (int n = 0; n < LANES; n++) begin
      sum = '0;
      for (int k = 0; k < INPUTS; k++)
        sum = sum + DOT_BITS'(weight[k]) * DOT_BITS'($signed(act[(n*INPUTS+k)*9+:9]));
      sums[n*DOT_BITS+:DOT_BITS] = sum;
    end
  end
  always_ff @(posedge clk) dot <= sums;
endmodule
