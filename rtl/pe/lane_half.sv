// One lane of pair look-ups with signs: for each two inputs a table of the sums of one half of a symmetric list of pairs.
//
// A code is a sign and an entry's number. Sums stand in offset binary, whose complement is the negative sum less one; the
// adders complement, and carries that all lanes share make up for the ones.
module lane_half #(
    parameter int A = 5,    // address bits of a table: entry, and bank above it where there are two
    parameter int TW = 14,  // bits of a sum
    parameter int ACC = 24
) (
    input  logic            clk,
    input  logic [8*A-1:0]  raddr,
    input  logic [7:0]      read,   // a term is taken
    input  logic [7:0]      neg,
    input  logic [7:0]      cin,
    input  logic            we,
    input  logic [A-1:0]    waddr,
    input  logic [8*TW-1:0] wdata,
    input  logic            acc_en,
    input  logic [ACC-1:0]  acc_in,
    output logic [ACC-1:0]  y
);
  logic [8*TW-1:0] terms;
  genvar p;
  generate
    for (p = 0; p < 8; p = p + 1) begin : g_table
      logic [TW-1:0] value;
      logic [TW-1:0] r;
      table_ram #(.A(A), .W(TW)) u_table (
          .clk(clk), .we(we), .waddr(waddr), .wdata(wdata[p*TW+:TW]), .raddr(raddr[p*A+:A]), .rdata(value));
      always_ff @(posedge clk) if (read[p]) r <= value;
      assign terms[p*TW+:TW] = r;
    end
  endgenerate
  dot_signed #(.TW(TW), .ACC(ACC)) u_tree (
      .clk(clk), .terms(terms), .neg(neg), .cin(cin), .acc_en(acc_en), .acc_in(acc_in), .y(y));
endmodule
