// Finishes output rows: bias, shift, clamp, residual addition; gathers 16 bytes of a pixel to a word.
module plut_drain #(
    parameter int LANES = 32,
    parameter int DRAIN = 8,       // lanes at a time
    parameter int SUM_BITS = 10
) (
    input  logic                clk,
    input  logic                rst,
    input  logic                start,
    output logic                busy,
    // The convolution and its output; steady while busy.
    input  logic [31:0]         base,
    input  logic [15:0]         row_words,
    input  logic [15:0]         column_words,
    input  logic [15:0]         height,
    input  logic [15:0]         columns,
    input  logic [15:0]         strip_rows,
    input  logic [2:0]          offset,
    input  logic [15:0]         channel_base,
    input  logic signed [15:0]  lo,
    input  logic signed [15:0]  hi,
    input  logic                wide,
    input  logic                residual,
    input  logic                residual_signed,
    input  logic [31:0]         residual_base,
    input  logic [15:0]         residual_row_words,
    input  logic [15:0]         residual_column_words,
    input  logic [3:0]          shift_conv,
    input  logic [3:0]          shift_other,
    input  logic [4:0]          shift,
    input  logic signed [15:0]  sum_lo,
    input  logic signed [15:0]  sum_hi,
    input  logic [15:0]         strip_lanes,
    input  logic [15:0]         strips,
    input  logic [15:0]         out_rows,
    input  logic [SUM_BITS-1:0] outputs_m1,
    input  logic [SUM_BITS:0]   ring_words,
    // Partial sums.
    input  logic [15:0]         ready_rows,
    output logic [15:0]         drained_rows,
    output logic                d_req,
    output logic [SUM_BITS-1:0] d_addr,
    input  logic                d_gnt,
    input  logic [LANES*32-1:0] d_data,
    // Channel memory: data a cycle after the address.
    output logic [15:0]         channel_addr,
    /* verilator lint_off UNUSEDSIGNAL */  // the shift's two highest bits repeat its sign
    input  logic [39:0]         channel_data,
    /* verilator lint_on UNUSEDSIGNAL */
    // Activation memory: a read has its data a cycle after the grant; writes are always taken.
    output logic                a_req,
    output logic [31:0]         a_addr,
    input  logic                a_gnt,
    input  logic [127:0]        a_data,
    output logic                a_we,
    output logic [31:0]         a_waddr,
    output logic [127:0]        a_wdata
);
  localparam int Groups = LANES / DRAIN;
  localparam int GroupBits = (Groups > 1) ? $clog2(Groups) : 1;
  localparam int LaneBits = $clog2(LANES);
  localparam int InBits = (DRAIN > 1) ? $clog2(DRAIN) : 1;

  // What lane n of the partial sums is: found at the start, lane by lane from the lane of column 0.
  logic [31:0] lane_base[0:LANES-1];
  logic [31:0] lane_residual[0:LANES-1];
  logic [15:0] lane_row[0:LANES-1];
  logic [LANES-1:0] lane_used;
  logic [Groups-1:0] group_used;
  logic setup;
  logic [LaneBits-1:0] setup_lane, setup_count;
  logic [15:0] setup_column, setup_strip, setup_row;
  logic [31:0] setup_base, setup_strip_base, setup_residual, setup_strip_residual;
  wire setup_ok = setup_strip < strips && setup_column < columns;
  wire setup_wrap = setup_column == strip_lanes - 16'd1;
  wire [31:0] strip_step = 32'(strip_rows) * 32'(row_words);
  wire [31:0] residual_strip_step = 32'(strip_rows) * 32'(residual_row_words);
  always_ff @(posedge clk) begin
    if (start) begin
      setup <= 1'b1;
      setup_lane <= (offset == 3'd0) ? '0 : LaneBits'(LANES - 32'(offset));
      setup_count <= '0;
      setup_column <= 16'd0;
      setup_strip <= 16'd0;
      setup_row <= 16'd0;
      setup_base <= base;
      setup_strip_base <= base;
      setup_residual <= residual_base;
      setup_strip_residual <= residual_base;
      group_used <= '0;
    end else if (setup) begin
      lane_base[setup_lane] <= setup_base;
      lane_residual[setup_lane] <= setup_residual;
      lane_row[setup_lane] <= setup_row;
      lane_used[setup_lane] <= setup_ok;
      if (setup_ok) group_used[GroupBits'(32'(setup_lane) / DRAIN)] <= 1'b1;
      setup_lane <= (setup_lane == LaneBits'(LANES - 1)) ? '0 : setup_lane + LaneBits'(1);
      setup_count <= setup_count + LaneBits'(1);
      if (setup_count == LaneBits'(LANES - 1)) setup <= 1'b0;
      if (setup_wrap) begin
        setup_column <= 16'd0;
        setup_strip <= setup_strip + 16'd1;
        setup_row <= setup_row + strip_rows;
        setup_base <= setup_strip_base + strip_step;
        setup_strip_base <= setup_strip_base + strip_step;
        setup_residual <= setup_strip_residual + residual_strip_step;
        setup_strip_residual <= setup_strip_residual + residual_strip_step;
      end else begin
        setup_column <= setup_column + 16'd1;
        setup_base <= setup_base + 32'(column_words);
        setup_residual <= setup_residual + 32'(residual_column_words);
      end
    end
    if (rst) setup <= 1'b0;
  end

  // The reader: rows, groups of lanes, words of 16 (wide: 4) channels, channels.
  typedef enum logic [2:0] {Idle, Wait, Group, Other, OtherLast, Read, Flush} state_t;
  state_t state;
  logic [15:0] row;
  logic [GroupBits-1:0] group;
  logic [SUM_BITS:0] channel;        // of 16 side by side, the first one
  logic [4:0] step;
  logic [SUM_BITS-1:0] slot;
  logic [31:0] row_base, row_residual;
  logic [15:0] word;
  logic [InBits-1:0] other_lane, other_at;
  logic other_valid;
  logic [DRAIN*128-1:0] other;       // shifted down a byte a channel
  wire [4:0] steps = wide ? 5'd4 : 5'd16;
  wire [SUM_BITS:0] at = channel + (SUM_BITS + 1)'(step);
  wire present = at <= {1'b0, outputs_m1};
  wire last_word = channel + (SUM_BITS + 1)'(steps) > {1'b0, outputs_m1};
  wire last_group = 32'(group) == Groups - 1;
  wire read_go = state == Read && (!present || d_gnt);
  wire [SUM_BITS:0] next_slot = {1'b0, slot} + {1'b0, outputs_m1} + (SUM_BITS + 1)'(1);
  wire [LaneBits-1:0] other_index = LaneBits'(32'(group) * DRAIN + 32'(other_lane));
  wire other_used = lane_used[other_index] && row + lane_row[other_index] < height;
  wire other_go = state == Other && (!other_used || a_gnt);
  wire pipe_empty;
  logic out_busy;
  assign d_req = state == Read && present;
  assign d_addr = slot + at[SUM_BITS-1:0];
  assign channel_addr = channel_base + 16'(at);
  assign a_req = state == Other && other_used;
  assign a_addr = lane_residual[other_index] + row_residual + 32'(word);
  assign busy = state != Idle;

  // What goes along with a channel through the arithmetic.
  typedef struct packed {
    logic present, last;
    logic [GroupBits-1:0] group;
    logic [15:0] word, row;
    logic [31:0] row_base;
  } tag_t;
  localparam int TagBits = 66 + GroupBits;
  tag_t tag0;
  logic [TagBits-1:0] tag[1:6];
  assign tag0.present = present;
  assign tag0.last = step == steps - 5'd1;
  assign tag0.group = group;
  assign tag0.word = word;
  assign tag0.row = row;
  assign tag0.row_base = row_base;
  logic [6:1] tag_valid;
  always_ff @(posedge clk) begin
    tag[1] <= tag0;
    for (int i = 2; i <= 6; i++) tag[i] <= tag[i-1];
    tag_valid <= {tag_valid[5:1], read_go};
    if (rst) tag_valid <= '0;
  end
  assign pipe_empty = tag_valid == '0;

  always_ff @(posedge clk) begin
    other_valid <= 1'b0;
    case (state)
      Idle:
        if (start) begin
          row <= 16'd0;
          slot <= '0;
          row_base <= 32'd0;
          row_residual <= 32'd0;
          drained_rows <= 16'd0;
          state <= Wait;
        end
      Wait:
        if (row == out_rows) begin
          if (pipe_empty && !out_busy) state <= Idle;
        end else if (!setup && row < ready_rows) begin
          group <= '0;
          state <= Group;
        end
      Group: begin
        channel <= '0;
        word <= 16'd0;
        step <= 5'd0;
        other_lane <= '0;
        if (group_used[group]) state <= residual ? Other : Flush;
        else if (last_group) begin
          drained_rows <= row + 16'd1;
          row <= row + 16'd1;
          slot <= (next_slot == ring_words) ? '0 : next_slot[SUM_BITS-1:0];
          row_base <= row_base + 32'(row_words);
          row_residual <= row_residual + 32'(residual_row_words);
          state <= Wait;
        end else group <= group + GroupBits'(1);
      end
      Other:
        if (other_go) begin
          other_valid <= 1'b1;
          other_at <= other_lane;
          other_lane <= other_lane + InBits'(1);
          if (32'(other_lane) == DRAIN - 1) state <= OtherLast;
        end
      OtherLast: begin
        other_lane <= '0;
        state <= Flush;
      end
      Flush:  // until the words of the last channels are out of the way
        if (!out_busy && (!wide || pipe_empty)) state <= Read;
      Read:
        if (read_go) begin
          step <= step + 5'd1;
          if (step == steps - 5'd1) begin
            step <= 5'd0;
            if (!last_word) begin
              channel <= channel + (SUM_BITS + 1)'(steps);
              word <= word + 16'd1;
              state <= residual ? Other : Flush;
            end else if (!last_group) begin
              group <= group + GroupBits'(1);
              state <= Group;
            end else begin
              drained_rows <= row + 16'd1;
              row <= row + 16'd1;
              slot <= (next_slot == ring_words) ? '0 : next_slot[SUM_BITS-1:0];
              row_base <= row_base + 32'(row_words);
              row_residual <= row_residual + 32'(residual_row_words);
              state <= Wait;
            end
          end
        end
      default: state <= Idle;
    endcase
    if (rst) begin
      state <= Idle;
      other_valid <= 1'b0;
    end
  end

  // The arithmetic, a stage a cycle: bias; shift; clamp; residual addition; shift and clamp.
  function automatic logic signed [31:0] rounded(input logic signed [31:0] v, input logic [4:0] n);
    logic signed [31:0] half;
    half = v >>> (n - 5'd1);
    rounded = (n == 5'd0) ? v : (half >>> 1) + $signed({31'd0, half[0]});
  endfunction
  function automatic logic signed [15:0] clamped(input logic signed [31:0] v,
                                                 input logic signed [15:0] low,
                                                 input logic signed [15:0] high);
    if (v < 32'(low)) clamped = low;
    else if (v > 32'(high)) clamped = high;
    else clamped = v[15:0];
  endfunction
  function automatic logic signed [31:0] scaled(input logic signed [31:0] v, input logic signed [5:0] n);
    scaled = (n >= 6'sd0) ? rounded(v, n[4:0]) : v << 4'(-n);
  endfunction
  /* verilator lint_off UNUSEDSIGNAL */  // each stage reads its own part
  tag_t tag1, tag6;
  /* verilator lint_on UNUSEDSIGNAL */
  assign tag1 = tag[1];
  assign tag6 = tag[6];
  logic signed [5:0] n2;
  logic [DRAIN*32-1:0] v2, v3, v5, v6;
  logic [DRAIN*16-1:0] y4;
  logic [DRAIN*8-1:0] b2, b3, b4;
  logic [DRAIN*32-1:0] w4, w5;
  wire [31:0] bias = channel_data[31:0];
  always_ff @(posedge clk) begin
    n2 <= channel_data[37:32];
    for (int d = 0; d < DRAIN; d++) begin
      v2[d*32+:32] <= tag1.present ? d_data[(32'(tag1.group)*DRAIN+d)*32+:32] + bias : 32'd0;
      v3[d*32+:32] <= scaled($signed(v2[d*32+:32]), n2);
      y4[d*16+:16] <= clamped($signed(v3[d*32+:32]), lo, hi);
      w4[d*32+:32] <= v3[d*32+:32];
      b2[d*8+:8] <= other[d*128+:8];
      b3[d*8+:8] <= b2[d*8+:8];
      b4[d*8+:8] <= b3[d*8+:8];
      w5[d*32+:32] <= w4[d*32+:32];
      v5[d*32+:32] <= residual ?
          (32'($signed(y4[d*16+:16])) << shift_conv) +
          (32'($signed({residual_signed & b4[d*8+7], b4[d*8+:8]})) << shift_other) :
          32'($signed(y4[d*16+:16]));
      v6[d*32+:32] <= wide ? w5[d*32+:32] : residual ?
          32'(clamped(rounded($signed(v5[d*32+:32]), shift), sum_lo, sum_hi)) : v5[d*32+:32];
    end
  end
  always_ff @(posedge clk) begin
    for (int d = 0; d < DRAIN; d++) begin
      if (other_valid && other_at == InBits'(d)) other[d*128+:128] <= a_data;
      else if (tag_valid[1] && !other_valid)
        other[d*128+:128] <= {8'd0, other[d*128+8+:120]};
    end
  end

  // Channels shift in from the top; whole words leave one lane after the other.
  logic [DRAIN*128-1:0] gather, gathered, out;
  logic [InBits-1:0] out_lane;
  /* verilator lint_off UNUSEDSIGNAL */
  tag_t out_tag;
  /* verilator lint_on UNUSEDSIGNAL */
  wire [LaneBits-1:0] out_index = LaneBits'(32'(out_tag.group) * DRAIN + 32'(out_lane));
  always_comb
    for (int d = 0; d < DRAIN; d++)
      gathered[d*128+:128] = wide ? {v6[d*32+:32], gather[d*128+32+:96]} :
          {v6[d*32+:8], gather[d*128+8+:120]};
  always_ff @(posedge clk) begin
    a_we <= 1'b0;
    if (tag_valid[6]) gather <= gathered;
    if (out_busy) begin
      a_we <= lane_used[out_index] && out_tag.row + lane_row[out_index] < height;
      a_waddr <= lane_base[out_index] + out_tag.row_base + 32'(out_tag.word);
      a_wdata <= out[127:0];
      out <= {128'd0, out[DRAIN*128-1:128]};
      out_lane <= out_lane + InBits'(1);
      if (32'(out_lane) == DRAIN - 1) out_busy <= 1'b0;
    end
    if (tag_valid[6] && tag6.last) begin
      out <= gathered;
      out_tag <= tag6;
      out_lane <= '0;
      out_busy <= 1'b1;
    end
    if (rst) begin
      out_busy <= 1'b0;
      a_we <= 1'b0;
    end
  end
endmodule
