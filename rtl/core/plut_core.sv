// The accelerator without its bus: memories, engines, sequencer.
module plut_core #(
    parameter int LANES = 32,
    parameter int GROUP = 8,          // lanes whose tables are filled side by side
    parameter int DRAIN = 8,          // lanes that are drained side by side
    parameter int PAIR = 0,           // tables: 0 single codes of 4 bits, 1 pairs of 6 bits
    parameter int MODEL = 1,          // array: 1 the behavioural twin, 0 the tables of rtl/pe
    parameter int A_WORDS = 16384,    // activation memory
    parameter int W_WORDS = 16384,    // weights
    parameter int C_WORDS = 2048,     // channels
    parameter int SUM_WORDS = 1024    // partial sums of a lane
) (
    input  logic         clk,
    input  logic         rst,
    // Control: what the registers hold.
    input  logic         start,
    input  logic [63:0]  command_base,
    input  logic [31:0]  command_count,
    input  logic [63:0]  dram_base,
    output logic         busy,
    output logic         finished,
    output logic [2:0]   error,
    output logic [31:0]  error_index,
    output logic [31:0]  commands_done,
    output logic [31:0]  cycles,
    output logic [31:0]  use_cycles,
    output logic [31:0]  fill_wait,
    output logic [31:0]  drain_wait,
    output logic [31:0]  vector_cycles,
    output logic [31:0]  read_beats,
    output logic [31:0]  write_beats,
    // DRAM: requests of up to 65,536 beats of 16 bytes, answered in order.
    output logic         rd_req_valid,
    input  logic         rd_req_ready,
    output logic [63:0]  rd_req_addr,
    output logic [16:0]  rd_req_beats,
    input  logic         rd_valid,
    output logic         rd_ready,
    input  logic [127:0] rd_data,
    input  logic         rd_error,      // with a beat
    output logic         wr_req_valid,
    input  logic         wr_req_ready,
    output logic [63:0]  wr_req_addr,
    output logic [16:0]  wr_req_beats,
    output logic         wr_valid,
    input  logic         wr_ready,
    output logic [127:0] wr_data,
    input  logic         wr_idle,       // all that was asked for is in DRAM
    input  logic         wr_error       // a pulse
);
  localparam int INPUTS = 16;
  localparam int DotBits = 20;
  localparam int CodeBits = (PAIR != 0) ? 48 : 64;
  localparam int LevelBits = (PAIR != 0) ? 8 : 6;
  localparam int GroupBits = (LANES > GROUP) ? $clog2(LANES / GROUP) : 1;
  localparam int ABits = $clog2(A_WORDS);
  localparam int WBits = $clog2(W_WORDS);
  localparam int CBits = $clog2(C_WORDS);
  localparam int SumBits = $clog2(SUM_WORDS);
  // From codes to dot products; array_pe compares it with the array's own.
  localparam int Latency = (MODEL != 0) ? 2 : (PAIR != 0) ? 5 : 6;

  logic stop;
  wire core_rst = rst || stop;

  // Sequencer and its units.
  logic fetch_next, fetch_busy, fetch_valid, load_start, load_busy, store_start, store_busy;
  logic conv_start, conv_busy, vector_start, vector_busy, bad_pass;
  logic [511:0] fetch_data, core_cmd, out_cmd;
  logic [255:0] load_cmd, store_cmd;
  logic core_address, load_address, store_address;
  logic [31:0] fetched;
  plut_sequencer #(.LANES(LANES), .SUM_WORDS(SUM_WORDS)) u_sequencer (
      .clk, .rst, .start, .count(command_count), .busy, .finished, .error, .error_index, .stop,
      .core_done(commands_done), .fetch_next, .fetch_busy, .fetch_valid, .fetch_data, .load_start,
      .load_cmd, .load_busy, .store_start, .store_cmd, .store_busy, .conv_start, .conv_busy,
      .vector_start, .vector_busy, .core_cmd, .out_cmd, .bad_pass, .core_address, .load_address,
      .store_address, .read_error(rd_valid && rd_ready && rd_error), .write_error(wr_error));

  logic l_req_valid, l_req_ready, l_valid, l_ready;
  logic [31:0] l_req_addr;
  logic [16:0] l_req_beats;
  logic [127:0] l_data;
  plut_fetch u_fetch (
      .clk, .rst, .next(fetch_next && !fetch_valid), .address(command_base + {26'd0, fetched, 6'd0}),
      .busy(fetch_busy), .valid(fetch_valid), .data(fetch_data), .load_req_valid(l_req_valid),
      .load_req_ready(l_req_ready), .load_req_addr(dram_base + 64'(l_req_addr)),
      .load_req_beats(l_req_beats), .load_valid(l_valid), .load_ready(l_ready), .load_data(l_data),
      .req_valid(rd_req_valid), .req_ready(rd_req_ready), .req_addr(rd_req_addr),
      .req_beats(rd_req_beats), .in_valid(rd_valid), .in_ready(rd_ready), .in_data(rd_data));
  always_ff @(posedge clk)
    if (rst || (start && !busy)) fetched <= 32'd0;
    else if (fetch_valid) fetched <= fetched + 32'd1;

  // Loads: which memory, and whether the word is in it.
  logic m_valid, m_ready;
  logic [31:0] m_addr;
  logic [127:0] m_data;
  plut_load u_load (
      .clk, .rst, .start(load_start), .stop, .busy(load_busy), .cmd(load_cmd),
      .req_valid(l_req_valid), .req_ready(l_req_ready), .req_addr(l_req_addr),
      .req_beats(l_req_beats), .in_valid(l_valid), .in_ready(l_ready), .in_data(l_data),
      .out_valid(m_valid), .out_ready(m_ready), .out_addr(m_addr), .out_data(m_data));
  wire [7:0] m_to = load_cmd[39:32];
  wire m_put = m_valid && m_ready;
  wire m_fits = (m_to == plut_pkg::MemActivations) ? m_addr < A_WORDS :
      (m_to == plut_pkg::MemWeights) ? m_addr < W_WORDS :
      (m_to == plut_pkg::MemChannels) ? m_addr < C_WORDS :
      (m_to == plut_pkg::MemPasses) ? m_addr < 255 :
      (m_to == plut_pkg::MemLevels) ? m_addr < (4 << (LevelBits - 2)) : m_addr < 1024;
  assign load_address = m_put && !m_fits;
  wire m_write = m_put && m_fits;

  // Activation memory. Reads: drain, fill, vector unit, store; writes: drain, vector unit, loads.
  logic d_areq, f_areq, v_areq, s_areq, d_agnt, f_agnt, v_agnt, s_agnt;
  logic [31:0] d_aaddr, f_aaddr, v_aaddr, s_aaddr, a_raddr, a_waddr;
  logic [127:0] a_data, d_wdata, v_wdata, a_wdata;
  logic d_we, v_we, a_we;
  logic [15:0] v_wbytes, a_wbytes;
  logic [31:0] d_waddr, v_waddr;
  assign d_agnt = d_areq;
  assign f_agnt = f_areq && !d_areq;
  assign v_agnt = v_areq && !d_areq && !f_areq;
  assign s_agnt = s_areq && !d_areq && !f_areq && !v_areq;
  assign a_raddr = d_areq ? d_aaddr : f_areq ? f_aaddr : v_areq ? v_aaddr : s_aaddr;
  assign m_ready = (m_to != plut_pkg::MemActivations) || (!d_we && !v_we);
  assign a_we = d_we || v_we || (m_write && m_to == plut_pkg::MemActivations);
  assign a_waddr = d_we ? d_waddr : v_we ? v_waddr : m_addr;
  assign a_wdata = d_we ? d_wdata : v_we ? v_wdata : m_data;
  assign a_wbytes = (v_we && !d_we) ? v_wbytes : 16'hffff;
  wire a_write = a_we && a_waddr < A_WORDS;
  wire read_past = a_raddr >= A_WORDS;
  logic w_req;
  logic [31:0] w_addr;
  logic [15:0] channel_addr;
  assign core_address = (read_past && (d_agnt || f_agnt || v_agnt)) ||
      ((d_we || v_we) && a_waddr >= A_WORDS) || (w_req && w_addr >= W_WORDS) ||
      (conv_busy && 32'(channel_addr) >= C_WORDS);
  assign store_address = read_past && s_agnt;
  plut_ram_bytes #(.BYTES(16), .WORDS(A_WORDS)) u_activations (
      .clk, .we(a_write), .waddr(a_waddr[ABits-1:0]), .wbytes(a_wbytes), .wdata(a_wdata),
      .raddr(a_raddr[ABits-1:0]), .rdata(a_data));

  logic [CodeBits-1:0] codes;
  logic [39:0] channel_data;
  logic [7:0] pass_addr;
  logic [127:0] pass_data;
  plut_ram #(.WIDTH(CodeBits), .WORDS(W_WORDS)) u_weights (
      .clk, .we(m_write && m_to == plut_pkg::MemWeights), .waddr(m_addr[WBits-1:0]),
      .wdata(m_data[CodeBits-1:0]), .raddr(w_addr[WBits-1:0]), .rdata(codes));
  plut_ram #(.WIDTH(40), .WORDS(C_WORDS)) u_channels (
      .clk, .we(m_write && m_to == plut_pkg::MemChannels), .waddr(m_addr[CBits-1:0]),
      .wdata(m_data[39:0]), .raddr(channel_addr[CBits-1:0]), .rdata(channel_data));
  plut_ram #(.WIDTH(128), .WORDS(256)) u_passes (
      .clk, .we(m_write && m_to == plut_pkg::MemPasses), .waddr(m_addr[7:0]), .wdata(m_data),
      .raddr(pass_addr), .rdata(pass_data));

  // Look-up tables, one for each byte.
  logic [1:0] table_set;
  logic [127:0] table_addr, table_data;
  genvar i;
  generate
    for (i = 0; i < 16; i = i + 1) begin : g_tables
      plut_ram #(.WIDTH(8), .WORDS(1024)) u_table (
          .clk, .we(m_write && (m_to == plut_pkg::MemTables || m_to == plut_pkg::MemTablesAll)),
          .waddr(m_addr[9:0]),
          .wdata(m_to == plut_pkg::MemTablesAll ? m_data[7:0] : m_data[i*8+:8]),
          .raddr({table_set, table_addr[i*8+:8]}), .rdata(table_data[i*8+:8]));
    end
  endgenerate

  plut_vector u_vector (
      .clk, .rst(core_rst), .start(vector_start), .busy(vector_busy), .cmd(core_cmd),
      .a_req(v_areq), .a_addr(v_aaddr), .a_gnt(v_agnt), .a_data, .a_we(v_we), .a_waddr(v_waddr),
      .a_wbytes(v_wbytes), .a_wdata(v_wdata), .table_set, .table_addr, .table_data);

  logic wr_req_ask;
  logic [31:0] s_req_addr;
  plut_store u_store (
      .clk, .rst, .start(store_start), .stop, .busy(store_busy), .cmd(store_cmd), .a_req(s_areq),
      .a_addr(s_aaddr), .a_gnt(s_agnt), .a_data, .req_valid(wr_req_ask), .req_ready(wr_req_ready),
      .req_addr(s_req_addr), .req_beats(wr_req_beats), .out_valid(wr_valid), .out_ready(wr_ready),
      .out_data(wr_data), .out_idle(wr_idle));
  assign wr_req_valid = wr_req_ask;
  assign wr_req_addr = dram_base + 64'(s_req_addr);

  // The convolution engine and its array.
  logic fill_valid, fill_ready, fill_bank, fill_signed, fill_idle, use_valid, use_bank;
  logic [GroupBits-1:0] fill_group;
  logic [1:0] fill_list;
  logic [GROUP*INPUTS*8-1:0] fill_act;
  logic [LANES*DotBits-1:0] dot;
  logic [DotBits-1:0] corr;
  logic waits_fill, waits_drain;
  plut_conv #(.LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .DRAIN(DRAIN), .DOT_BITS(DotBits),
              .LATENCY(Latency), .SUM_BITS(SumBits), .SUM_WORDS(SUM_WORDS)) u_conv (
      .clk, .rst(core_rst), .start(conv_start), .busy(conv_busy), .bad_pass, .conv(core_cmd),
      .out(out_cmd), .pass_addr, .pass_data, .channel_addr, .channel_data, .w_req, .w_addr,
      .fill_req(f_areq), .fill_addr(f_aaddr), .fill_gnt(f_agnt), .other_req(d_areq),
      .other_addr(d_aaddr), .other_gnt(d_agnt), .a_data, .a_we(d_we), .a_waddr(d_waddr),
      .a_wdata(d_wdata), .fill_valid, .fill_ready, .fill_bank, .fill_group, .fill_list,
      .fill_signed, .fill_act, .fill_idle, .use_valid, .use_bank, .dot, .corr, .waits_fill,
      .waits_drain);
  plut_array #(.LANES(LANES), .GROUP(GROUP), .INPUTS(INPUTS), .PAIR(PAIR), .MODEL(MODEL),
               .DOT_BITS(DotBits), .LATENCY(Latency)) u_array (
      .clk, .rst(core_rst), .level_we(m_write && m_to == plut_pkg::MemLevels),
      .level_addr(m_addr[LevelBits-1:0]), .level_data(m_data[15:0]), .fill_valid, .fill_ready,
      .fill_bank, .fill_group, .fill_list, .fill_signed, .fill_act, .fill_idle, .use_valid,
      .use_bank, .use_codes(codes), .dot, .corr);

  always_ff @(posedge clk)
    if (rst || (start && !busy)) begin
      cycles <= 32'd0;
      use_cycles <= 32'd0;
      fill_wait <= 32'd0;
      drain_wait <= 32'd0;
      vector_cycles <= 32'd0;
      read_beats <= 32'd0;
      write_beats <= 32'd0;
    end else if (busy) begin
      cycles <= cycles + 32'd1;
      use_cycles <= use_cycles + 32'(use_valid);
      fill_wait <= fill_wait + 32'(waits_fill);
      drain_wait <= drain_wait + 32'(waits_drain);
      vector_cycles <= vector_cycles + 32'(vector_busy);
      read_beats <= read_beats + 32'(rd_valid && rd_ready);
      write_beats <= write_beats + 32'(wr_valid && wr_ready);
    end
endmodule
