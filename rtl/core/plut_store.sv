// Takes rows of words from activation memory to DRAM.
module plut_store (
    input  logic         clk,
    input  logic         rst,
    input  logic         start,
    input  logic         stop,   // begin no more rows
    output logic         busy,
    /* verilator lint_off UNUSEDSIGNAL */  // the header, and what fields leave free
    input  logic [255:0] cmd,    // kStore; steady while busy
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         a_req,
    output logic [31:0]  a_addr,
    input  logic         a_gnt,
    input  logic [127:0] a_data,
    output logic         req_valid,
    input  logic         req_ready,
    output logic [31:0]  req_addr,
    output logic [16:0]  req_beats,
    output logic         out_valid,
    input  logic         out_ready,
    output logic [127:0] out_data,
    input  logic         out_idle  // all that was asked for is in DRAM
);
  wire [15:0] words = cmd[207:192], rows = cmd[239:224];
  typedef enum logic [1:0] {Idle, Ask, Move, Settle} state_t;
  state_t state;
  logic [15:0] row, word;
  logic [31:0] row_addr;
  logic reading;
  logic [2:0] room;  // free places of the queue, less what is being read
  logic fifo_ready;
  assign busy = state != Idle;
  assign req_valid = state == Ask;
  assign req_beats = 17'(words);
  assign a_req = state == Move && word != words && room != 3'd0;
  assign a_addr = row_addr + 32'(word);
  plut_fifo #(.WIDTH(128), .DEPTH(4)) u_fifo (
      .clk, .rst, .in_valid(reading), .in_ready(fifo_ready), .in_data(a_data), .out_valid,
      .out_ready, .out_data);
  always_ff @(posedge clk) begin
    reading <= a_req && a_gnt;
    if ((a_req && a_gnt) && !(out_valid && out_ready)) room <= room - 3'd1;
    if (!(a_req && a_gnt) && (out_valid && out_ready)) room <= room + 3'd1;
    case (state)
      Idle:
        if (start) begin
          row <= 16'd0;
          req_addr <= cmd[95:64];
          row_addr <= cmd[159:128];
          state <= Ask;
        end
      Ask:
        if (req_ready) begin
          word <= 16'd0;
          state <= Move;
        end
      Move: begin
        if (a_req && a_gnt) word <= word + 16'd1;
        if (word == words && room == 3'd4) begin
          row <= row + 16'd1;
          req_addr <= req_addr + cmd[127:96];
          row_addr <= row_addr + cmd[191:160];
          state <= (row == rows - 16'd1 || stop) ? Settle : Ask;
        end
      end
      default: if (out_idle) state <= Idle;
    endcase
    if (rst) begin
      state <= Idle;
      reading <= 1'b0;
      room <= 3'd4;
    end
  end
`ifdef FORMAL
  always_ff @(posedge clk) if (!rst) assert (!reading || fifo_ready);
`endif
  /* verilator lint_off UNUSEDSIGNAL */  // there is always room: `room` counts it
  wire unused = fifo_ready;
  /* verilator lint_on UNUSEDSIGNAL */
endmodule
