// Walks through the input rows and passes of a convolution: says which kernel rows land where, and
// fills the product tables of the next pass while those of this one are in use. The activations of
// its first group of lanes are read while the tables of the pass before are still being filled.
module plut_passgen #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int INPUTS = 16,
    parameter int SUM_BITS = 10,   // of an address of partial sums
    parameter int GROUP_BITS = (LANES > GROUP) ? $clog2(LANES / GROUP) : 1
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic                      start,
    output logic                      busy,
    output logic                      bad_pass,     // a field of a pass is out of its range
    // The convolution; steady while busy.
    input  logic [31:0]               base,
    input  logic [15:0]               row_words,
    input  logic [15:0]               column_words,
    input  logic [15:0]               height,
    input  logic [15:0]               width,
    input  logic signed [15:0]        row_first,
    input  logic signed [15:0]        row_last,
    input  logic [15:0]               strip_lanes,
    input  logic [15:0]               strips,
    input  logic [15:0]               strip_rows,
    input  logic [15:0]               out_rows,
    input  logic [SUM_BITS-1:0]       outputs_m1,   // outputs - 1
    input  logic [SUM_BITS:0]         ring_words,   // ring * outputs
    input  logic [7:0]                pass_first,
    input  logic [7:0]                pass_count,
    input  logic [2:0]                kernel_h,
    input  logic [2:0]                stride_h,
    input  logic [3:0]                pad_top,
    input  logic                      act_signed,
    // Pass memory: data a cycle after the address.
    output logic [7:0]                pass_addr,
    input  logic [127:0]              pass_data,
    // Activation memory: data a cycle after the grant.
    output logic                      a_req,
    output logic [31:0]               a_addr,
    input  logic                      a_gnt,
    input  logic [INPUTS*8-1:0]       a_data,
    // Tables.
    output logic                      fill_valid,
    input  logic                      fill_ready,
    output logic                      fill_bank,
    output logic [GROUP_BITS-1:0]     fill_group,
    output logic [1:0]                fill_list,
    output logic                      fill_signed,
    output logic [GROUP*INPUTS*8-1:0] fill_act,
    input  logic                      fill_idle,
    // A pass whose tables are full.
    output logic                      info_valid,
    input  logic                      info_ready,
    output logic                      info_bank,
    output logic [2:0]                info_lands,      // kernel rows that land, 1 to 7
    output logic [7*SUM_BITS-1:0]     info_slot,       // where their output rows' sums begin
    output logic [6:0]                info_first,      // which write without reading
    output logic [2:0]                info_ky,         // the first that lands
    output logic [15:0]               info_row_max,    // the last output row that is written
    output logic [31:0]               info_weights,
    output logic [2:0]                info_taps,
    output logic [2:0]                info_scale,
    output logic                      info_late,
    output logic                      info_done_valid, // output rows below info_done are finished
    output logic [15:0]               info_done
);
  typedef enum logic [3:0] {
    Idle, Init, Row, Pass, PassWait, PassMul, Fill, FillLast, FillHand, NextRow
  } state_t;
  state_t state;

  // Rows. top is the output row that the last landing kernel row reaches: floor((r + pad) / stride).
  logic signed [15:0] r;
  logic [15:0] m, top, j;
  logic [2:0] sub, ky;
  logic [SUM_BITS-1:0] top_slot, slot;
  logic [7:0] pass;
  logic [2:0] lands;
  logic [7*SUM_BITS-1:0] slots;
  logic [6:0] firsts;
  logic row_done;
  logic [15:0] row_max, done;
  logic [2:0] first_ky;
  logic signed [31:0] row_addr;
  logic [31:0] strip_step;
  wire [15:0] row_i = top - j;
  wire [SUM_BITS:0] next_slot = {1'b0, top_slot} + {1'b0, outputs_m1} + (SUM_BITS + 1)'(1);
  wire [SUM_BITS-1:0] before_slot = slot - outputs_m1 - SUM_BITS'(1) +
      ((slot <= outputs_m1) ? ring_words[SUM_BITS-1:0] : SUM_BITS'(0));
  wire [15:0] target = r + 16'(pad_top);

  // Passes.
  logic [31:0] p_input, p_weights;
  logic [2:0] p_taps, p_scale;
  logic p_late;
  logic [15:0] p_x_first;
  logic [2:0] p_x_step;
  logic signed [31:0] column_start, column_step;

  // Lanes.
  logic [15:0] c, strip;
  logic signed [16:0] x, row;
  logic signed [31:0] addr, strip_addr;
  logic [7:0] in_group;
  logic capture, capture_zero;
  logic [7:0] capture_at;
  logic bank;
  wire in_map = strip < strips && row >= 17'sd0 && row < $signed({1'b0, height}) && x >= 17'sd0 &&
      x < $signed({1'b0, width});
  wire lane_go = state == Fill && (!in_map || a_gnt);
  wire last_in_strip = c == strip_lanes - 16'd1;

  // The pass whose tables are being filled, or are full and wait to be used. The other tables are
  // free when it is in use, and the codes before have been looked up: some cycles later.
  localparam logic [2:0] Quiet = 3'd4;
  logic pending;
  logic [2:0] quiet;
  wire last_group = 32'(fill_group) == LANES / GROUP - 1 || strip >= strips;
  wire may_fill = fill_group != '0 || (!pending && quiet == 3'd0);
  wire handed = state == FillHand && may_fill && fill_ready;
  wire taken = info_valid && info_ready;

  assign busy = state != Idle || pending;
  assign pass_addr = pass_first + pass;
  assign a_req = state == Fill && in_map;
  assign a_addr = addr;
  assign fill_valid = state == FillHand && may_fill;
  assign fill_bank = bank;
  assign fill_signed = act_signed;
  assign info_valid = pending && fill_idle;
  always_ff @(posedge clk) begin
    if (quiet != 3'd0) quiet <= quiet - 3'd1;
    if (taken) begin
      pending <= 1'b0;
      quiet <= Quiet;
    end
    if (handed && last_group) begin
      pending <= 1'b1;
      info_bank <= bank;
      info_lands <= lands;
      info_slot <= slots;
      info_first <= (pass == 8'd0) ? firsts : 7'd0;
      info_ky <= first_ky;
      info_row_max <= row_max;
      info_weights <= p_weights;
      info_taps <= p_taps;
      info_scale <= p_scale;
      info_late <= p_late;
      info_done_valid <= row_done && pass == pass_count - 8'd1;
      info_done <= done;
    end
    if (rst) begin
      pending <= 1'b0;
      quiet <= 3'd0;
    end
  end

  always_ff @(posedge clk) begin
    bad_pass <= 1'b0;
    capture <= 1'b0;
    for (int l = 0; l < GROUP; l++)
      if (capture && capture_at == 8'(l))
        fill_act[l*INPUTS*8+:INPUTS*8] <= capture_zero ? '0 : a_data;
    case (state)
      Idle:
        if (start) begin
          r <= row_first;
          m <= 16'd0;
          top <= 16'd0;
          sub <= 3'd0;
          top_slot <= '0;
          row_addr <= $signed(base) + 32'(row_first) * $signed({16'd0, row_words});
          strip_step <= 32'(strip_rows) * 32'(row_words);
          bank <= 1'b0;
          state <= Init;
        end
      Init:
        if (m == target) begin
          j <= 16'd0;
          ky <= sub;
          slot <= top_slot;
          lands <= 3'd0;
          firsts <= 7'd0;
          row_done <= 1'b0;
          state <= Row;
        end else begin
          m <= m + 16'd1;
          if (sub == stride_h - 3'd1) begin
            sub <= 3'd0;
            top <= top + 16'd1;
            top_slot <= (next_slot == ring_words) ? '0 : next_slot[SUM_BITS-1:0];
          end else sub <= sub + 3'd1;
        end
      Row:
        if (ky < kernel_h && j <= top) begin
          if (row_i < out_rows) begin
            for (int l = 0; l < 7; l++)
              if (lands == 3'(l)) begin
                slots[l*SUM_BITS+:SUM_BITS] <= slot;
                firsts[l] <= ky == 3'd0 || r == row_first;
              end
            lands <= lands + 3'd1;
            if (lands == 3'd0) begin
              row_max <= row_i;
              first_ky <= ky;
            end
            if (r == row_last || ky == kernel_h - 3'd1) begin
              row_done <= 1'b1;
              done <= (r == row_last) ? out_rows : row_i + 16'd1;
            end
          end
          j <= j + 16'd1;
          slot <= before_slot;
          if (ky + stride_h < ky) ky <= 3'd7;
          else ky <= ky + stride_h;
        end else begin
          pass <= 8'd0;
          state <= (lands == 3'd0) ? NextRow : Pass;
        end
      Pass: state <= PassWait;
      PassWait: begin
        p_input <= pass_data[31:0];
        p_weights <= pass_data[63:32];
        p_x_first <= pass_data[79:64];
        p_x_step <= pass_data[82:80];
        p_taps <= pass_data[90:88];
        fill_list <= pass_data[97:96];
        p_scale <= pass_data[106:104];
        p_late <= pass_data[112];
        bad_pass <= pass_data[87:80] == 8'd0 || pass_data[87:80] > 8'd4 ||
            pass_data[95:88] == 8'd0 || pass_data[95:88] > 8'd7 || pass_data[103:96] > 8'd3 ||
            pass_data[111:104] > 8'd7 || pass_data[127:112] > 16'd1;
        state <= PassMul;
      end
      PassMul: begin
        column_start <= 32'($signed(p_x_first)) * $signed({16'd0, column_words});
        column_step <= $signed({29'd0, p_x_step}) * $signed({16'd0, column_words});
        strip <= 16'd0;
        c <= 16'd0;
        x <= 17'($signed(p_x_first));
        row <= 17'(r);
        in_group <= 8'd0;
        fill_group <= '0;
        strip_addr <= row_addr + $signed(p_input);
        addr <= row_addr + $signed(p_input) +
            32'($signed(p_x_first)) * $signed({16'd0, column_words});
        state <= Fill;
      end
      Fill:
        if (lane_go) begin
          capture <= 1'b1;
          capture_zero <= !in_map;
          capture_at <= in_group;
          in_group <= in_group + 8'd1;
          if (last_in_strip) begin
            c <= 16'd0;
            x <= 17'($signed(p_x_first));
            strip <= strip + 16'd1;
            row <= row + 17'(strip_rows);
            strip_addr <= strip_addr + $signed(strip_step);
            addr <= strip_addr + $signed(strip_step) + column_start;
          end else begin
            c <= c + 16'd1;
            x <= x + 17'(p_x_step);
            addr <= addr + column_step;
          end
          if (in_group == 8'(GROUP - 1)) state <= FillLast;
        end
      FillLast: state <= FillHand;
      FillHand:
        if (handed) begin
          in_group <= 8'd0;
          if (last_group) begin
            bank <= !bank;
            pass <= pass + 8'd1;
            state <= (pass == pass_count - 8'd1) ? NextRow : Pass;
          end else begin
            fill_group <= fill_group + GROUP_BITS'(1);
            state <= Fill;
          end
        end
      default: begin  // NextRow
        if (r == row_last) state <= Idle;
        else begin
          r <= r + 16'sd1;
          row_addr <= row_addr + $signed({16'd0, row_words});
          state <= Init;
        end
      end
    endcase
    if (rst) state <= Idle;
  end
endmodule
