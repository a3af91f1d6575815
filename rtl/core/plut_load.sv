// Brings rows of words from DRAM to a memory of the chip: asks for beats of 16 bytes, cuts them into
// words of `unit` bytes.
module plut_load (
    input  logic         clk,
    input  logic         rst,
    input  logic         start,
    input  logic         stop,   // ask for no more rows, write nothing
    output logic         busy,
    /* verilator lint_off UNUSEDSIGNAL */  // the header, and what fields leave free
    input  logic [255:0] cmd,    // kLoad; steady while busy
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         req_valid,
    input  logic         req_ready,
    output logic [31:0]  req_addr,
    output logic [16:0]  req_beats,
    input  logic         in_valid,
    output logic         in_ready,
    input  logic [127:0] in_data,
    output logic         out_valid,
    input  logic         out_ready,
    output logic [31:0]  out_addr,
    output logic [127:0] out_data
);
  wire [15:0] words = cmd[207:192], rows = cmd[239:224];
  wire [5:0] unit = cmd[45:40];
  wire [19:0] row_bytes = words * unit[4:0];
  wire [16:0] row_beats = 17'((21'(row_bytes) + 21'd15) >> 4);

  logic active, flushing;
  logic [15:0] asked_rows, row, word;
  logic [16:0] beat;
  logic [255:0] bytes;
  logic [5:0] count;
  logic [31:0] row_addr;
  wire emit = out_valid && out_ready;
  wire [5:0] left = emit ? count - unit : count;
  wire row_done = (word == words) && (beat == row_beats);
  wire [255:0] rest = emit ? bytes >> {unit[4:0], 3'd0} : bytes;
  assign busy = active;
  assign req_valid = active && asked_rows != rows && !stop;
  assign req_beats = row_beats;
  assign out_valid = active && !flushing && word != words && count >= unit;
  assign out_addr = row_addr + 32'(word);
  assign in_ready = active && row != asked_rows && beat != row_beats && (flushing || left <= 6'd16);
  always_comb
    for (int i = 0; i < 16; i++) out_data[i*8+:8] = (6'(i) < unit) ? bytes[i*8+:8] : 8'd0;
  always_ff @(posedge clk) begin
    if (start) begin
      active <= 1'b1;
      flushing <= 1'b0;
      asked_rows <= 16'd0;
      row <= 16'd0;
      word <= 16'd0;
      beat <= 17'd0;
      count <= 6'd0;
      bytes <= 256'd0;
      req_addr <= cmd[95:64];
      row_addr <= cmd[159:128];
    end else if (active) begin
      if (stop) flushing <= 1'b1;
      if (req_valid && req_ready) begin
        asked_rows <= asked_rows + 16'd1;
        req_addr <= req_addr + cmd[127:96];
      end
      bytes <= rest;
      count <= left;
      if (emit) word <= word + 16'd1;
      if (in_valid && in_ready) begin
        beat <= beat + 17'd1;
        if (!flushing) begin
          bytes <= rest | (256'(in_data) << {left[4:0], 3'd0});
          count <= left + 6'd16;
        end
      end
      if (row != asked_rows && (flushing ? beat == row_beats : row_done)) begin
        row <= row + 16'd1;
        word <= 16'd0;
        beat <= 17'd0;
        count <= 6'd0;
        bytes <= 256'd0;
        row_addr <= row_addr + cmd[191:160];
      end
      if (row == asked_rows && (row == rows || flushing) && !(req_valid && req_ready)) active <= 1'b0;
    end
    if (rst) active <= 1'b0;
  end
endmodule
