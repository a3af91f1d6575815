// Fields of the core's commands and of transfers that no engine could run with: found before a command
// starts, so that nothing hangs on one.
module plut_check #(
    parameter int LANES = 32,
    parameter int SUM_WORDS = 1024
) (
    /* verilator lint_off UNUSEDSIGNAL */  // addresses are checked where they are used
    input  logic [511:0] conv,    // a kConv,
    input  logic [511:0] out,     // and the kOutput before it
    input  logic         out_set,
    input  logic [511:0] vector,  // a kVector
    input  logic [255:0] load,    // a kLoad or kStore
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic         is_store,
    output logic         conv_bad,
    output logic         vector_bad,
    output logic         load_bad
);
  wire signed [15:0] row_first = conv[143:128], row_last = conv[159:144];
  wire [15:0] strip_lanes = conv[175:160], strips = conv[191:176], out_rows = conv[223:208];
  wire [15:0] outputs = conv[239:224], ring = conv[255:240];
  wire [15:0] pass_first = conv[271:256], pass_count = conv[287:272];
  wire [7:0] kernel_h = conv[295:288], stride_h = conv[303:296], pad_top = conv[311:304];
  wire [15:0] columns = out[127:112], offset = out[159:144];
  wire signed [20:0] first_at = 21'(row_first) + $signed({13'd0, pad_top});
  wire signed [20:0] last_at = 21'(row_last) + $signed({13'd0, pad_top});
  wire wide = out[9], residual = out[10];
  assign conv_bad = !out_set || kernel_h == 8'd0 || kernel_h > 8'd7 || stride_h == 8'd0 ||
      stride_h > 8'd4 || pad_top > 8'd15 || row_last < row_first || first_at < 21'sd0 ||
      first_at >= $signed({13'd0, kernel_h}) || out_rows == 16'd0 ||
      // The last output row has an input row.
      last_at < ($signed({5'd0, out_rows}) - 21'sd1) * $signed({13'd0, stride_h}) ||
      strip_lanes == 16'd0 || strips == 16'd0 ||
      32'(strip_lanes) * 32'(strips) > LANES || outputs == 16'd0 || ring == 16'd0 ||
      32'(outputs) * 32'(ring) > SUM_WORDS ||
      // A row that is needed again has been drained.
      32'(ring) * 32'(stride_h) < 32'(kernel_h) ||
      pass_count == 16'd0 || 17'(pass_first) + 17'(pass_count) > 17'd255 ||
      columns == 16'd0 || columns > strip_lanes || offset > 16'd6 || 32'(offset) >= LANES ||
      out[295:288] > 8'd15 || out[303:296] > 8'd15 ||
      out[311:304] > 8'd31 || (wide && residual);

  wire [7:0] op = vector[39:32];
  wire windowed = op == plut_pkg::VecMax || op == plut_pkg::VecMean;
  assign vector_bad = op > plut_pkg::VecCopy || vector[47:40] > 8'd15 ||
      vector[303:288] == 16'd0 || vector[319:304] == 16'd0 || vector[335:320] == 16'd0 ||
      vector[359:352] == 8'd0 || vector[367:360] == 8'd0 || vector[375:368] == 8'd0 ||
      vector[383:376] == 8'd0 ||
      (!windowed && (vector[359:352] != 8'd1 || vector[367:360] != 8'd1)) ||
      vector[423:416] > 8'd15 || vector[431:424] > 8'd15 || vector[439:432] > 8'd31 ||
      (op == plut_pkg::VecLookup &&
       (vector[351:344] == 8'd0 || 9'(vector[343:336]) + 9'(vector[351:344]) > 9'd4));

  assign load_bad = load[39:32] > plut_pkg::MemTablesAll || load[47:40] == 8'd0 ||
      load[47:40] > 8'd16 || load[67:64] != 4'd0 || load[99:96] != 4'd0 ||
      load[223:192] == 32'd0 || load[223:192] > 32'd65535 || load[255:224] == 32'd0 ||
      load[255:224] > 32'd65535 ||
      (is_store && (load[39:32] != plut_pkg::MemActivations || load[47:40] != 8'd16));
endmodule
