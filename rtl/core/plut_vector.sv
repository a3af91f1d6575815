// The vector unit: pooling, addition, look-up and moves, 16 bytes side by side.
module plut_vector (
    input  logic         clk,
    input  logic         rst,
    input  logic         start,
    output logic         busy,
    /* verilator lint_off UNUSEDSIGNAL */  // the header, and what fields leave free
    input  logic [511:0] cmd,  // kVector; steady while busy
    /* verilator lint_on UNUSEDSIGNAL */
    // Activation memory: a read has its data a cycle after the grant; writes are always taken.
    output logic         a_req,
    output logic [31:0]  a_addr,
    input  logic         a_gnt,
    input  logic [127:0] a_data,
    output logic         a_we,
    output logic [31:0]  a_waddr,
    output logic [15:0]  a_wbytes,
    output logic [127:0] a_wdata,
    // Tables, one for each byte: data a cycle after the address.
    output logic [1:0]   table_set,
    output logic [127:0] table_addr,
    input  logic [127:0] table_data
);
  wire [7:0] op = cmd[39:32];
  wire [3:0] rotate = cmd[43:40];
  wire is_add = op == plut_pkg::VecAdd;
  wire is_max = op == plut_pkg::VecMax;
  wire is_lookup = op == plut_pkg::VecLookup;
  wire rounds = is_add || op == plut_pkg::VecMean;
  wire [15:0] out_height = cmd[303:288], out_width = cmd[319:304], words = cmd[335:320];
  wire [7:0] kernel_h = is_add ? 8'd1 : cmd[359:352], kernel_w = is_add ? 8'd2 : cmd[367:360];
  wire [7:0] sets = cmd[351:344];

  // What is read: output row and column, word, place in the window (kAdd: a, then b).
  logic [15:0] y, x, w;
  logic [7:0] ky, kx;
  logic [7:0] set;
  logic issuing;
  wire last_kx = kx == kernel_w - 8'd1;
  wire last_ky = ky == kernel_h - 8'd1;
  wire last_w = w == words - 16'd1;
  wire last_x = x == out_width - 16'd1;
  wire last_y = y == out_height - 16'd1;
  wire is_b = is_add && kx == 8'd1;
  wire signed [25:0] row = $signed({10'd0, y}) * $signed({18'd0, cmd[375:368]}) +
      $signed({18'd0, is_add ? 8'd0 : ky}) - $signed({18'd0, cmd[391:384]});
  wire signed [25:0] column = $signed({10'd0, x}) * $signed({18'd0, cmd[383:376]}) +
      $signed({18'd0, is_add ? 8'd0 : kx}) - $signed({18'd0, cmd[399:392]});
  wire in_map = is_b || (row >= 26'sd0 && column >= 26'sd0 &&
                         row < $signed({10'd0, cmd[143:128]}) &&
                         column < $signed({10'd0, cmd[159:144]}));

  typedef struct packed {
    logic in_map, b, first, last;
    logic [1:0] table_no;
    logic [31:0] out_addr;
  } tag_t;

  // Two stages to the address; all of it waits for the grant.
  logic valid0, valid1;
  tag_t tag0, tag1;
  logic [31:0] row_part, column_part, word_part, addr1, out_row, out_column;
  wire go = !valid1 || !tag1.in_map || a_gnt;
  assign a_req = valid1 && tag1.in_map;
  assign a_addr = addr1;
  always_ff @(posedge clk) begin
    if (start) begin
      issuing <= 1'b1;
      y <= 16'd0;
      x <= 16'd0;
      w <= 16'd0;
      ky <= 8'd0;
      kx <= 8'd0;
      set <= 8'd0;
    end else if (go) begin
      valid0 <= issuing;
      valid1 <= valid0;
      tag1 <= tag0;
      tag1.out_addr <= out_row + out_column + tag0.out_addr;
      addr1 <= row_part + column_part + word_part;
      tag0.in_map <= in_map;
      tag0.b <= is_b;
      tag0.first <= ky == 8'd0 && kx == 8'd0;
      tag0.last <= last_kx && last_ky;
      tag0.table_no <= cmd[337:336] + set[1:0];
      tag0.out_addr <= cmd[255:224] + 32'(w);
      out_row <= 32'(y) * 32'(cmd[271:256]);
      out_column <= 32'(x) * 32'(cmd[287:272]);
      word_part <= (is_b ? cmd[191:160] : cmd[95:64]) + 32'(w);
      row_part <= is_b ? 32'(y) * 32'(cmd[207:192]) : 32'(row) * 32'(cmd[111:96]);
      column_part <= is_b ? 32'(x) * 32'(cmd[223:208]) : 32'(column) * 32'(cmd[127:112]);
      if (issuing) begin
        kx <= last_kx ? 8'd0 : kx + 8'd1;
        if (last_kx) begin
          ky <= last_ky ? 8'd0 : ky + 8'd1;
          if (last_ky) begin
            w <= last_w ? 16'd0 : w + 16'd1;
            set <= (last_w || set == sets - 8'd1) ? 8'd0 : set + 8'd1;
            if (last_w) begin
              x <= last_x ? 16'd0 : x + 16'd1;
              if (last_x) begin
                y <= y + 16'd1;
                if (last_y) issuing <= 1'b0;
              end
            end
          end
        end
      end
    end
    if (rst) begin
      issuing <= 1'b0;
      valid0 <= 1'b0;
      valid1 <= 1'b0;
    end
  end

  // Data, operand, accumulator, result, write.
  /* verilator lint_off UNUSEDSIGNAL */  // each stage reads its own part
  tag_t tag2, tag3, tag4, tag5;
  /* verilator lint_on UNUSEDSIGNAL */
  logic valid2, valid3, valid4, valid5;
  logic [511:0] operand, acc, result, operand_in, acc_in, result_in;
  assign table_set = tag2.table_no;
  assign table_addr = a_data;
  assign busy = issuing || valid0 || valid1 || valid2 || valid3 || valid4 || valid5 || a_we;

  function automatic logic signed [31:0] rounded(input logic signed [31:0] v, input logic [4:0] n);
    logic signed [31:0] half;
    half = v >>> (n - 5'd1);
    rounded = (n == 5'd0) ? v : (half >>> 1) + $signed({31'd0, half[0]});
  endfunction
  function automatic logic signed [31:0] larger(input logic signed [31:0] a, input logic signed [31:0] b);
    larger = (a > b) ? a : b;
  endfunction
  function automatic logic signed [31:0] clamped(input logic signed [31:0] v, input logic signed [15:0] low,
                                                 input logic signed [15:0] high);
    if (v < 32'(low)) clamped = 32'(low);
    else if (v > 32'(high)) clamped = 32'(high);
    else clamped = v;
  endfunction

  wire extend = tag2.b ? cmd[9] : cmd[8];
  wire [3:0] up = !is_add ? 4'd0 : tag2.b ? cmd[427:424] : cmd[419:416];
  always_comb
    for (int i = 0; i < 16; i++) begin
      operand_in[i*32+:32] = !tag2.in_map ? (is_max ? 32'hffff_8000 : 32'd0) :
          {{24{extend & a_data[i*8+7]}}, a_data[i*8+:8]} << up;
      acc_in[i*32+:32] = is_lookup ? {24'd0, table_in[i*8+:8]} :
          tag3.first ? operand[i*32+:32] :
          is_max ? larger($signed(acc[i*32+:32]), $signed(operand[i*32+:32])) :
          acc[i*32+:32] + operand[i*32+:32];
      result_in[i*32+:32] = rounds ?
          clamped(rounded($signed(acc[i*32+:32]), cmd[436:432]), cmd[463:448], cmd[479:464]) :
          acc[i*32+:32];
    end
  logic [127:0] table_in;
  assign table_in = tag3.in_map ? table_data : 128'd0;
  always_ff @(posedge clk) begin
    valid2 <= valid1 && go;
    tag2 <= tag1;
    valid3 <= valid2;
    tag3 <= tag2;
    operand <= operand_in;
    valid4 <= valid3 && tag3.last;
    tag4 <= tag3;
    if (valid3) acc <= acc_in;
    valid5 <= valid4;
    tag5 <= tag4;
    result <= result_in;
    a_we <= valid5;
    a_waddr <= tag5.out_addr;
    a_wbytes <= cmd[63:48];
    for (int i = 0; i < 16; i++) a_wdata[i*8+:8] <= result[((i+16-32'(rotate))%16)*32+:8];
    if (rst) begin
      valid2 <= 1'b0;
      valid3 <= 1'b0;
      valid4 <= 1'b0;
      valid5 <= 1'b0;
      a_we <= 1'b0;
    end
  end
endmodule
