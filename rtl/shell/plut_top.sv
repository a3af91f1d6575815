// The accelerator: core, AXI4-Lite registers, AXI4 master of 128 bits. Register offsets are those of
// src/accel/command.h.
module plut_top #(
    parameter int LANES = 32,
    parameter int GROUP = 8,
    parameter int DRAIN = 8,
    parameter int PAIR = 0,
    parameter int MODEL = 1,
    parameter int A_WORDS = 16384,
    parameter int W_WORDS = 16384,
    parameter int C_WORDS = 2048,
    parameter int SUM_WORDS = 1024
) (
    input  logic         aclk,
    input  logic         aresetn,
    output logic         irq,
    input  logic         s_axil_awvalid,
    output logic         s_axil_awready,
    input  logic [11:0]  s_axil_awaddr,
    input  logic         s_axil_wvalid,
    output logic         s_axil_wready,
    input  logic [31:0]  s_axil_wdata,
    output logic         s_axil_bvalid,
    input  logic         s_axil_bready,
    output logic [1:0]   s_axil_bresp,
    input  logic         s_axil_arvalid,
    output logic         s_axil_arready,
    input  logic [11:0]  s_axil_araddr,
    output logic         s_axil_rvalid,
    input  logic         s_axil_rready,
    output logic [31:0]  s_axil_rdata,
    output logic [1:0]   s_axil_rresp,
    output logic         m_axi_arvalid,
    input  logic         m_axi_arready,
    output logic [63:0]  m_axi_araddr,
    output logic [7:0]   m_axi_arlen,
    output logic [2:0]   m_axi_arsize,
    output logic [1:0]   m_axi_arburst,
    output logic [3:0]   m_axi_arcache,
    output logic [2:0]   m_axi_arprot,
    input  logic         m_axi_rvalid,
    output logic         m_axi_rready,
    input  logic [127:0] m_axi_rdata,
    input  logic [1:0]   m_axi_rresp,
    /* verilator lint_off UNUSEDSIGNAL */  // beats are counted
    input  logic         m_axi_rlast,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_axi_awvalid,
    input  logic         m_axi_awready,
    output logic [63:0]  m_axi_awaddr,
    output logic [7:0]   m_axi_awlen,
    output logic [2:0]   m_axi_awsize,
    output logic [1:0]   m_axi_awburst,
    output logic [3:0]   m_axi_awcache,
    output logic [2:0]   m_axi_awprot,
    output logic         m_axi_wvalid,
    input  logic         m_axi_wready,
    output logic [127:0] m_axi_wdata,
    output logic [15:0]  m_axi_wstrb,
    output logic         m_axi_wlast,
    input  logic         m_axi_bvalid,
    output logic         m_axi_bready,
    input  logic [1:0]   m_axi_bresp,
    // For simulations that want to know when each command of the core finished.
    output logic [31:0]  commands_done
);
  wire clk = aclk;
  wire rst = !aresetn;

  logic reg_we;
  logic [11:0] reg_waddr, reg_raddr;
  logic [31:0] reg_wdata, reg_rdata;
  plut_axil u_axil (
      .clk, .rst, .awvalid(s_axil_awvalid), .awready(s_axil_awready), .awaddr(s_axil_awaddr),
      .wvalid(s_axil_wvalid), .wready(s_axil_wready), .wdata(s_axil_wdata),
      .bvalid(s_axil_bvalid), .bready(s_axil_bready), .arvalid(s_axil_arvalid),
      .arready(s_axil_arready), .araddr(s_axil_araddr), .rvalid(s_axil_rvalid),
      .rready(s_axil_rready), .rdata(s_axil_rdata), .reg_we, .reg_waddr, .reg_wdata, .reg_raddr,
      .reg_rdata);
  assign s_axil_bresp = 2'b00;
  assign s_axil_rresp = 2'b00;

  // Registers.
  logic start, done, failed, irq_enable, busy, finished;
  logic [63:0] command_base, dram_base;
  logic [31:0] command_count;
  logic [2:0] error;
  logic [31:0] error_index, cycles, use_cycles, fill_wait, drain_wait, vector_cycles;
  logic [31:0] read_beats, write_beats;
  assign irq = irq_enable && (done || failed);
  always_ff @(posedge clk) begin
    start <= 1'b0;
    if (finished) begin
      done <= error == plut_pkg::ErrNone;
      failed <= error != plut_pkg::ErrNone;
    end
    if (reg_we)
      case (reg_waddr)
        12'h00: begin
          if (reg_wdata[1]) begin
            done <= 1'b0;
            failed <= 1'b0;
          end
          if (reg_wdata[0] && !busy) begin
            start <= 1'b1;
            done <= 1'b0;
            failed <= 1'b0;
          end
        end
        12'h08: command_base[31:0] <= {reg_wdata[31:6], 6'd0};
        12'h0c: command_base[63:32] <= reg_wdata;
        12'h10: command_count <= reg_wdata;
        12'h14: dram_base[31:0] <= {reg_wdata[31:4], 4'd0};
        12'h18: dram_base[63:32] <= reg_wdata;
        12'h1c: irq_enable <= reg_wdata[0];
        default: ;
      endcase
    if (rst) begin
      start <= 1'b0;
      done <= 1'b0;
      failed <= 1'b0;
      irq_enable <= 1'b0;
      command_base <= 64'd0;
      dram_base <= 64'd0;
      command_count <= 32'd0;
    end
  end
  always_comb
    case (reg_raddr)
      12'h04: reg_rdata = {29'd0, failed, done, busy || start};
      12'h08: reg_rdata = command_base[31:0];
      12'h0c: reg_rdata = command_base[63:32];
      12'h10: reg_rdata = command_count;
      12'h14: reg_rdata = dram_base[31:0];
      12'h18: reg_rdata = dram_base[63:32];
      12'h1c: reg_rdata = {31'd0, irq_enable};
      12'h20: reg_rdata = failed ? {29'd0, error} : 32'd0;
      12'h24: reg_rdata = error_index;
      12'h28: reg_rdata = cycles;
      12'h2c: reg_rdata = use_cycles;
      12'h30: reg_rdata = fill_wait;
      12'h34: reg_rdata = drain_wait;
      12'h38: reg_rdata = vector_cycles;
      12'h3c: reg_rdata = read_beats;
      12'h40: reg_rdata = write_beats;
      12'h44: reg_rdata = commands_done;
      12'h80: reg_rdata = 32'h54554c50;
      12'h84: reg_rdata = 32'd1;
      12'h88: reg_rdata = LANES;
      12'h8c: reg_rdata = 32'd16;
      12'h90: reg_rdata = PAIR;
      12'h94: reg_rdata = A_WORDS;
      12'h98: reg_rdata = W_WORDS;
      12'h9c: reg_rdata = C_WORDS;
      12'ha0: reg_rdata = SUM_WORDS;
      default: reg_rdata = 32'd0;
    endcase

  logic rd_req_valid, rd_req_ready, rd_valid, rd_ready, rd_error;
  logic wr_req_valid, wr_req_ready, wr_valid, wr_ready, wr_idle, wr_error;
  logic [63:0] rd_req_addr, wr_req_addr;
  logic [16:0] rd_req_beats, wr_req_beats;
  logic [127:0] rd_data, wr_data;
  plut_core #(.LANES(LANES), .GROUP(GROUP), .DRAIN(DRAIN), .PAIR(PAIR), .MODEL(MODEL), .A_WORDS(A_WORDS),
              .W_WORDS(W_WORDS), .C_WORDS(C_WORDS), .SUM_WORDS(SUM_WORDS)) u_core (
      .clk, .rst, .start, .command_base, .command_count, .dram_base, .busy, .finished, .error,
      .error_index, .commands_done, .cycles, .use_cycles, .fill_wait, .drain_wait,
      .vector_cycles, .read_beats, .write_beats, .rd_req_valid, .rd_req_ready, .rd_req_addr,
      .rd_req_beats, .rd_valid, .rd_ready, .rd_data, .rd_error, .wr_req_valid, .wr_req_ready,
      .wr_req_addr, .wr_req_beats, .wr_valid, .wr_ready, .wr_data, .wr_idle, .wr_error);

  plut_axi_read u_read (
      .clk, .rst, .req_valid(rd_req_valid), .req_ready(rd_req_ready), .req_addr(rd_req_addr),
      .req_beats(rd_req_beats), .out_valid(rd_valid), .out_ready(rd_ready), .out_data(rd_data),
      .out_error(rd_error), .arvalid(m_axi_arvalid), .arready(m_axi_arready),
      .araddr(m_axi_araddr), .arlen(m_axi_arlen), .rvalid(m_axi_rvalid), .rready(m_axi_rready),
      .rdata(m_axi_rdata), .rresp(m_axi_rresp));
  assign m_axi_arsize = 3'd4;
  assign m_axi_arburst = 2'b01;
  assign m_axi_arcache = 4'b0011;
  assign m_axi_arprot = 3'b000;

  plut_axi_write u_write (
      .clk, .rst, .req_valid(wr_req_valid), .req_ready(wr_req_ready), .req_addr(wr_req_addr),
      .req_beats(wr_req_beats), .in_valid(wr_valid), .in_ready(wr_ready), .in_data(wr_data),
      .idle(wr_idle), .error(wr_error), .awvalid(m_axi_awvalid), .awready(m_axi_awready),
      .awaddr(m_axi_awaddr), .awlen(m_axi_awlen), .wvalid(m_axi_wvalid), .wready(m_axi_wready),
      .wdata(m_axi_wdata), .wlast(m_axi_wlast), .bvalid(m_axi_bvalid), .bready(m_axi_bready),
      .bresp(m_axi_bresp));
  assign m_axi_awsize = 3'd4;
  assign m_axi_awburst = 2'b01;
  assign m_axi_awcache = 4'b0011;
  assign m_axi_awprot = 3'b000;
  assign m_axi_wstrb = 16'hffff;
endmodule
