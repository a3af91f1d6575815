// Table in LUTRAM with one address for reading and writing: 64 entries take one LUT a bit (RAM64X1S, RAM64X8SW).
module table_ram_sp #(
    parameter int A = 6,
    parameter int W = 14
) (
    input  logic         clk,
    input  logic         we,
    input  logic [A-1:0] addr,
    input  logic [W-1:0] wdata,
    output logic [W-1:0] rdata
);
  (* ram_style = "distributed" *)
  logic [W-1:0] mem[0:(1<<A)-1];
  assign rdata = mem[addr];
  always_ff @(posedge clk) if (we) mem[addr] <= wdata;
endmodule
