// The same with an enable for each byte written.
module plut_ram_bytes #(
    parameter int BYTES = 16,
    parameter int WORDS = 256,
    parameter int BITS  = $clog2(WORDS)
) (
    input  logic               clk,
    input  logic               we,
    input  logic [BITS-1:0]    waddr,
    input  logic [BYTES-1:0]   wbytes,
    input  logic [BYTES*8-1:0] wdata,
    input  logic [BITS-1:0]    raddr,
    output logic [BYTES*8-1:0] rdata
);
  logic [BYTES*8-1:0] data[0:WORDS-1];
  always_ff @(posedge clk) begin
    for (int i = 0; i < BYTES; i++) if (we && wbytes[i]) data[waddr][i*8+:8] <= wdata[i*8+:8];
    rdata <= data[raddr];
  end
endmodule
