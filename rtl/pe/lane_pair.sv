// One lane of pair look-ups: for each two inputs a table of sums of two products, one index for two weights.
//
// Sums are stored in offset binary. With one bank a table shares its address between writing and reading; with two, each
// bank has an address of its own and a selection bit.
module lane_pair #(
    parameter int P = 8,    // tables
    parameter int A = 6,    // bits of an index
    parameter int TW = 14,  // bits of a sum
    parameter int BANKS = 1,
    parameter int ACC = 24
) (
    input  logic                 clk,
    input  logic [BANKS*P*A-1:0] addr,
    input  logic [P-1:0]         read,  // a term is taken
    input  logic [P-1:0]         bank,
    input  logic [BANKS-1:0]     we,
    input  logic [P*TW-1:0]      wdata,
    input  logic                 acc_en,
    input  logic [ACC-1:0]       acc_in,
    output logic [ACC-1:0]       y
);
  logic [P*TW-1:0] terms;
  genvar p, b;
  generate
    for (p = 0; p < P; p = p + 1) begin : g_table
      logic [BANKS*TW-1:0] value;
      logic [TW-1:0] r;
      for (b = 0; b < BANKS; b = b + 1) begin : g_bank
        table_ram_sp #(.A(A), .W(TW)) u_table (
            .clk(clk), .we(we[b]), .addr(addr[(b*P+p)*A+:A]), .wdata(wdata[p*TW+:TW]), .rdata(value[b*TW+:TW]));
      end
      if (BANKS == 1) begin : g_one
        always_ff @(posedge clk) if (read[p]) r <= value;
        logic unused;
        assign unused = &{1'b0, bank[p]};
      end else begin : g_two
        always_ff @(posedge clk) if (read[p]) r <= bank[p] ? value[TW+:TW] : value[0+:TW];
      end
      assign terms[p*TW+:TW] = r;
    end
  endgenerate
  dot_tree #(.TERMS(P), .TW(TW), .ACC(ACC)) u_tree (
      .clk(clk), .terms(terms), .cin({P{1'b0}}), .acc_en(acc_en), .acc_in(acc_in), .y(y));
endmodule
