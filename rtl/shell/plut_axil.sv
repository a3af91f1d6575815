// AXI4-Lite slave: one read and one write at a time, as accesses to registers.
module plut_axil (
    input  logic        clk,
    input  logic        rst,
    input  logic        awvalid,
    output logic        awready,
    input  logic [11:0] awaddr,
    input  logic        wvalid,
    output logic        wready,
    input  logic [31:0] wdata,
    output logic        bvalid,
    input  logic        bready,
    input  logic        arvalid,
    output logic        arready,
    input  logic [11:0] araddr,
    output logic        rvalid,
    input  logic        rready,
    output logic [31:0] rdata,
    // Registers: a pulse to write; data to read in the same cycle as the address.
    output logic        reg_we,
    output logic [11:0] reg_waddr,
    output logic [31:0] reg_wdata,
    output logic [11:0] reg_raddr,
    input  logic [31:0] reg_rdata
);
  // A write goes when both of its parts are there and the last answer has been taken.
  assign reg_we = awvalid && wvalid && !bvalid;
  assign awready = reg_we;
  assign wready = reg_we;
  assign reg_waddr = awaddr;
  assign reg_wdata = wdata;
  assign arready = !rvalid;
  assign reg_raddr = araddr;
  always_ff @(posedge clk) begin
    if (bvalid && bready) bvalid <= 1'b0;
    if (reg_we) bvalid <= 1'b1;
    if (rvalid && rready) rvalid <= 1'b0;
    if (arvalid && arready) begin
      rvalid <= 1'b1;
      rdata <= reg_rdata;
    end
    if (rst) begin
      bvalid <= 1'b0;
      rvalid <= 1'b0;
    end
  end
endmodule
