// plut_axil: one answer to each access, held until it is taken; registers are written once for each, with what was sent.
module axil_proof #(
    parameter bit BROKEN = 1'b0  // to see the proof fail
) (
    input logic        clk,
    input logic        rst_in,
    input logic        awvalid,
    input logic [11:0] awaddr,
    input logic        wvalid,
    input logic [31:0] wdata,
    input logic        bready,
    input logic        arvalid,
    input logic [11:0] araddr,
    input logic        rready,
    input logic [31:0] reg_rdata
);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  wire rst = rst_in || !started;
  logic awready, wready, bvalid, arready, rvalid, reg_we;
  logic [11:0] reg_waddr, reg_raddr;
  logic [31:0] rdata, reg_wdata;
  plut_axil u_axil (.*);

  logic writes, reads;  // taken and not answered
  logic [31:0] answer;
  always_ff @(posedge clk) begin
    writes <= (writes && !(bvalid && bready)) || (awvalid && awready);
    reads <= (reads && !(rvalid && rready)) || (arvalid && arready);
    if (arvalid && arready) answer <= reg_rdata;
    if (rst) {writes, reads} <= 2'b00;
  end
  always_comb
    if (started && !rst) begin
      assert (bvalid == writes && rvalid == reads);
      assert (!(writes && awvalid && awready) && !(reads && arvalid && arready));
      assert ((awvalid && awready) == reg_we && (wvalid && wready) == reg_we);
      assert (!reg_we || (reg_waddr == awaddr && reg_wdata == wdata));
      assert (!(arvalid && arready) || reg_raddr == araddr);
      assert (!rvalid || rdata == (answer ^ {31'd0, BROKEN}));
      // What both sides are ready for is not put off.
      assert (!(awvalid && wvalid && !writes) || (awready && wready));
      assert (!(arvalid && !reads) || arready);
    end
endmodule
