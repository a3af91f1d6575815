// One lane of single look-ups: a table of products for each input, the code is the address.
//
// A negative product is stored as its one's complement; its top bit (`top`) and the 1 that completes it (`cin`) depend on
// the code alone, so that all lanes share them.
module lane_plut #(
    parameter int K = 16,
    parameter int A = 5,    // address bits of a table: code and bank
    parameter int MB = 14,  // stored bits of a product
    parameter int ACC = 24
) (
    input  logic            clk,
    input  logic [K*A-1:0]  raddr,
    input  logic [K-1:0]    top,
    input  logic [K-1:0]    cin,
    input  logic            we,
    input  logic [A-1:0]    waddr,
    input  logic [K*MB-1:0] wdata,
    input  logic            acc_en,
    input  logic [ACC-1:0]  acc_in,
    output logic [ACC-1:0]  y
);
  logic [K*(MB+1)-1:0] terms;
  genvar k;
  generate
    for (k = 0; k < K; k = k + 1) begin : g_table
      logic [MB-1:0] read;
      logic [MB-1:0] r;
      table_ram #(.A(A), .W(MB)) u_table (
          .clk(clk), .we(we), .waddr(waddr), .wdata(wdata[k*MB+:MB]), .raddr(raddr[k*A+:A]), .rdata(read));
      always_ff @(posedge clk) r <= read;
      assign terms[k*(MB+1)+:MB+1] = {top[k], r};
    end
  endgenerate
  dot_tree #(.TERMS(K), .TW(MB + 1), .ACC(ACC)) u_tree (
      .clk(clk), .terms(terms), .cin(cin), .acc_en(acc_en), .acc_in(acc_in), .y(y));
endmodule
