// AXI4 read master: requests of any length become bursts of up to BURST beats that cross no 4 KB
// boundary; beats come in order, since all bursts have one identity.
module plut_axi_read #(
    parameter int BURST = 64  // a power of two, up to 256
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         req_valid,
    output logic         req_ready,
    input  logic [63:0]  req_addr,   // a multiple of 16
    input  logic [16:0]  req_beats,  // 1 or more
    output logic         out_valid,
    input  logic         out_ready,
    output logic [127:0] out_data,
    output logic         out_error,
    output logic         arvalid,
    input  logic         arready,
    output logic [63:0]  araddr,
    output logic [7:0]   arlen,
    input  logic         rvalid,
    output logic         rready,
    input  logic [127:0] rdata,
    input  logic [1:0]   rresp
);
  logic active;
  logic [63:0] addr;
  logic [16:0] left;
  // Beats to the end of a block of BURST beats: blocks lie within 4 KB.
  wire [16:0] block = 17'(BURST) - {9'd0, addr[11:4] & 8'(BURST - 1)};
  wire [16:0] beats = (left < block) ? left : block;
  assign req_ready = !active;
  assign arvalid = active;
  assign araddr = addr;
  assign arlen = 8'(beats - 17'd1);
  assign out_valid = rvalid;
  assign rready = out_ready;
  assign out_data = rdata;
  assign out_error = rresp[1];
  always_ff @(posedge clk) begin
    if (req_valid && req_ready) begin
      active <= 1'b1;
      addr <= req_addr;
      left <= req_beats;
    end
    if (arvalid && arready) begin
      addr <= addr + {43'd0, beats, 4'd0};
      left <= left - beats;
      if (left == beats) active <= 1'b0;
    end
    if (rst) active <= 1'b0;
  end
  /* verilator lint_off UNUSEDSIGNAL */  // EXOKAY is no error
  wire unused = rresp[0];
  /* verilator lint_on UNUSEDSIGNAL */
endmodule
