// Table in LUTRAM: one write and one read at addresses of their own. 32 x 14 bits are one RAM32M16, eight LUTs.
module table_ram #(
    parameter int A = 5,
    parameter int W = 14
) (
    input  logic         clk,
    input  logic         we,
    input  logic [A-1:0] waddr,
    input  logic [W-1:0] wdata,
    input  logic [A-1:0] raddr,
    output logic [W-1:0] rdata
);
  (* ram_style = "distributed" *)
  logic [W-1:0] mem[0:(1<<A)-1];
  assign rdata = mem[raddr];
  always_ff @(posedge clk) if (we) mem[waddr] <= wdata;
endmodule
