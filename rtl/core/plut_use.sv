// Uses full tables: streams the codes of a pass, moves the sums along the lanes, and adds them to the
// partial sums.
module plut_use #(
    parameter int LANES = 32,
    parameter int DOT_BITS = 20,
    parameter int LATENCY = 2,     // of the array: from codes to dot products
    parameter int SUM_BITS = 10,   // of an address of partial sums
    parameter int SUM_WORDS = 1024
) (
    input  logic                        clk,
    input  logic                        rst,
    input  logic                        start,  // of a convolution
    output logic                        busy,
    // The convolution; steady while busy.
    input  logic [15:0]                 strip_lanes,
    input  logic [15:0]                 strips,
    input  logic [15:0]                 columns,
    input  logic [2:0]                  offset,
    input  logic [SUM_BITS-1:0]         outputs_m1,
    input  logic [15:0]                 ring,
    input  logic [2:0]                  kernel_h,
    input  logic [2:0]                  stride_h,
    input  logic [31:0]                 weights,
    // Passes: see plut_passgen.
    input  logic                        info_valid,
    output logic                        info_ready,
    input  logic                        info_bank,
    input  logic [2:0]                  info_lands,
    input  logic [7*SUM_BITS-1:0]       info_slot,
    input  logic [6:0]                  info_first,
    input  logic [2:0]                  info_ky,
    input  logic [15:0]                 info_row_max,
    input  logic [31:0]                 info_weights,
    input  logic [2:0]                  info_taps,
    input  logic [2:0]                  info_scale,
    input  logic                        info_late,
    input  logic                        info_done_valid,
    input  logic [15:0]                 info_done,
    // Weight memory: codes a cycle after the address, handed to the array outside.
    output logic                        w_req,
    output logic [31:0]                 w_addr,
    output logic                        use_valid,
    output logic                        use_bank,
    input  logic [LANES*DOT_BITS-1:0]   dot,
    input  logic [DOT_BITS-1:0]         corr,
    // The drain.
    output logic [15:0]                 ready_rows,    // output rows that are finished
    input  logic [15:0]                 drained_rows,  // output rows whose sums were read
    input  logic                        d_req,
    input  logic [SUM_BITS-1:0]         d_addr,
    output logic                        d_gnt,
    output logic [LANES*32-1:0]         d_data,        // a cycle after the grant
    output logic                        waits_fill,
    output logic                        waits_drain
);
  // The pass in use.
  logic running, bank, late, done_valid;
  logic [2:0] lands, taps, scale;
  logic [7*SUM_BITS-1:0] slots;
  logic [6:0] firsts;
  logic [15:0] done_rows;
  logic [31:0] addr;
  logic [5:0] land_step, output_step;  // words to skip
  logic [2:0] t, e;
  logic [SUM_BITS-1:0] o;
  logic [3:0] age;                     // of the pass, up to 8: sums are not read before they are written

  wire last_t = t == taps - 3'd1;
  wire last_e = e == lands - 3'd1;
  wire last_o = o == outputs_m1;
  wire finishing = running && last_t && last_e && last_o;
  wire aged = age[3];
  wire row_free = 32'(info_row_max) < 32'(drained_rows) + 32'(ring);
  wire idle = !running || finishing;
  assign info_ready = idle && aged && row_free && !setup;
  assign waits_fill = !running && !info_valid;
  assign waits_drain = !running && info_valid && !row_free;
  assign w_req = running;
  assign w_addr = addr;

  // Words from a landing kernel row to the next, and from the last to the next output channel.
  wire [5:0] kernel_taps = 6'(kernel_h) * 6'(info_taps);
  wire [5:0] stride_taps = 6'(stride_h) * 6'(info_taps);
  wire [5:0] used_taps = (6'(info_lands) - 6'd1) * stride_taps;  // to the last one that lands

  always_ff @(posedge clk) begin
    if (!aged) age <= age + 4'd1;
    if (running) begin
      t <= last_t ? 3'd0 : t + 3'd1;
      addr <= addr + 32'd1;
      if (last_t) begin
        e <= last_e ? 3'd0 : e + 3'd1;
        addr <= addr + (last_e ? 32'(output_step) : 32'(land_step));
        if (last_e) o <= o + SUM_BITS'(1);
      end
      if (finishing) running <= 1'b0;
    end
    if (info_valid && info_ready) begin
      running <= 1'b1;
      age <= 4'd0;
      bank <= info_bank;
      lands <= info_lands;
      slots <= info_slot;
      firsts <= info_first;
      addr <= weights + info_weights + 32'(info_ky) * 32'(info_taps);
      taps <= info_taps;
      scale <= info_scale;
      late <= info_late;
      done_valid <= info_done_valid;
      done_rows <= info_done;
      land_step <= stride_taps - 6'(info_taps) + 6'd1;
      output_step <= kernel_taps - used_taps - 6'(info_taps) + 6'd1;
      t <= 3'd0;
      e <= 3'd0;
      o <= '0;
    end
    if (start) age <= 4'd8;
    if (rst) begin
      running <= 1'b0;
      age <= 4'd8;
    end
  end

  // What goes along with a vector of codes until its dot products are there.
  localparam int Stage = LATENCY + 1;
  typedef struct packed {
    logic valid, start, last, first, late, done, bank;
    logic [2:0] scale;
    logic signed [4:0] lowest;  // the first column of this tap, had it no border
    logic [SUM_BITS-1:0] sum_addr;
    logic [15:0] rows;
  } ctl_t;
  localparam int CtlBits = 31 + SUM_BITS;
  // Each stage reads its own part of what goes by.
  /* verilator lint_off UNUSEDSIGNAL */
  ctl_t issue, at_array, at_mask, now;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [CtlBits-1:0] ctl[0:Stage-1];
  assign issue.valid = running;
  assign issue.start = t == 3'd0;
  assign issue.last = last_t;
  assign issue.first = firsts[e];
  assign issue.late = late;
  assign issue.done = finishing && done_valid;
  assign issue.bank = bank;
  assign issue.scale = scale;
  assign issue.lowest = $signed({2'b0, taps}) - $signed({2'b0, t}) - 5'sd1 -
      $signed({2'b0, offset}) + $signed({4'b0, late});
  assign issue.sum_addr = slots[32'(e)*SUM_BITS+:SUM_BITS] + o;
  assign issue.rows = done_rows;
  always_ff @(posedge clk) begin
    ctl[0] <= issue;
    for (int i = 1; i < Stage; i++) ctl[i] <= ctl[i-1];
    if (rst) for (int i = 0; i < Stage; i++) ctl[i] <= '0;
  end
  assign at_array = ctl[0];
  assign at_mask = ctl[Stage-2];
  assign now = ctl[Stage-1];
  assign use_valid = at_array.valid;
  assign use_bank = at_array.bank;

  // Lanes of the array: the column in its strip.
  localparam int LaneBits = $clog2(LANES) + 1;
  logic [LaneBits-1:0] lane_column[0:LANES-1];
  logic [LANES-1:0] lane_used;
  logic [LaneBits-1:0] setup_lane, setup_column, setup_strip;
  logic setup;
  always_ff @(posedge clk) begin
    if (start) begin
      setup <= 1'b1;
      setup_lane <= '0;
      setup_column <= '0;
      setup_strip <= '0;
    end else if (setup) begin
      lane_column[setup_lane[LaneBits-2:0]] <= setup_column;
      lane_used[setup_lane[LaneBits-2:0]] <= 16'(setup_strip) < strips;
      setup_lane <= setup_lane + LaneBits'(1);
      if (16'(setup_column) == strip_lanes - 16'd1) begin
        setup_column <= '0;
        setup_strip <= setup_strip + LaneBits'(1);
      end else setup_column <= setup_column + LaneBits'(1);
      if (setup_lane == LaneBits'(LANES - 1)) setup <= 1'b0;
    end
    if (rst) setup <= 1'b0;
  end

  // Columns whose sum the tap adds to: a cycle before the dot products.
  logic [LANES-1:0] mask;
  always_ff @(posedge clk)
    for (int n = 0; n < LANES; n++)
      mask[n] <= lane_used[n] && $signed(18'(lane_column[n])) >= 18'(at_mask.lowest) &&
          $signed(18'(lane_column[n])) < 18'(at_mask.lowest) + $signed({2'b0, columns});

  // The chain.
  logic [LANES*32-1:0] acc;
  always_ff @(posedge clk)
    if (now.valid)
      for (int n = 0; n < LANES; n++)
        acc[n*32+:32] <= (now.start ? 32'd0 : acc[((n+1)%LANES)*32+:32]) +
            (mask[n] ? ((32'($signed(dot[n*DOT_BITS+:DOT_BITS])) + 32'($signed(corr))) << now.scale)
                     : 32'd0);

  // Partial sums: read with the last tap, added a cycle later, written after that.
  logic [LANES*32-1:0] sums[0:SUM_WORDS-1];
  logic [LANES*32-1:0] read_data, write_data;
  logic add_valid, add_first, add_late, add_done, write_valid, write_done;
  logic [SUM_BITS-1:0] add_addr, write_addr;
  logic [15:0] add_rows, write_rows;
  wire own_read = now.valid && now.last && !now.first;
  wire [SUM_BITS-1:0] read_addr = own_read ? now.sum_addr : d_addr;
  assign d_gnt = d_req && !own_read;
  assign d_data = read_data;
  always_ff @(posedge clk) begin
    if (own_read || d_req) read_data <= sums[read_addr];
    if (write_valid) sums[write_addr] <= write_data;
  end
  always_ff @(posedge clk) begin
    add_valid <= now.valid && now.last;
    add_first <= now.first;
    add_late <= now.late;
    add_done <= now.valid && now.done;
    add_addr <= now.sum_addr;
    add_rows <= now.rows;
    for (int n = 0; n < LANES; n++)
      write_data[n*32+:32] <= (add_first ? 32'd0 : read_data[n*32+:32]) +
          (add_late ? acc[((n+1)%LANES)*32+:32] : acc[n*32+:32]);
    write_valid <= add_valid;
    write_addr <= add_addr;
    write_done <= add_done;
    write_rows <= add_rows;
    if (write_done) ready_rows <= write_rows;
    if (start) ready_rows <= 16'd0;
    if (rst) begin
      add_valid <= 1'b0;
      add_done <= 1'b0;
      write_valid <= 1'b0;
      write_done <= 1'b0;
    end
  end
  assign busy = running || setup;
endmodule
