// AXI4 write master: requests of any length become bursts of up to BURST beats that cross no 4 KB
// boundary, one after the other; `idle` when all have been answered.
module plut_axi_write #(
    parameter int BURST = 64  // a power of two, up to 256
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         req_valid,
    output logic         req_ready,
    input  logic [63:0]  req_addr,   // a multiple of 16
    input  logic [16:0]  req_beats,  // 1 or more
    input  logic         in_valid,
    output logic         in_ready,
    input  logic [127:0] in_data,
    output logic         idle,
    output logic         error,      // a pulse
    output logic         awvalid,
    input  logic         awready,
    output logic [63:0]  awaddr,
    output logic [7:0]   awlen,
    output logic         wvalid,
    input  logic         wready,
    output logic [127:0] wdata,
    output logic         wlast,
    input  logic         bvalid,
    output logic         bready,
    input  logic [1:0]   bresp
);
  typedef enum logic [1:0] {Idle, Address, Data} state_t;
  state_t state;
  logic [63:0] addr;
  logic [16:0] left;
  logic [8:0] burst_left;
  logic [7:0] unanswered;
  wire [16:0] block = 17'(BURST) - {9'd0, addr[11:4] & 8'(BURST - 1)};
  wire [16:0] beats = (left < block) ? left : block;
  wire asked = awvalid && awready;
  wire answered = bvalid && bready;
  assign req_ready = state == Idle;
  assign awvalid = state == Address && unanswered != 8'hff;
  assign awaddr = addr;
  assign awlen = 8'(beats - 17'd1);
  assign wvalid = state == Data && in_valid;
  assign in_ready = state == Data && wready;
  assign wdata = in_data;
  assign wlast = burst_left == 9'd1;
  assign bready = 1'b1;
  assign idle = state == Idle && unanswered == 8'd0;
  always_ff @(posedge clk) begin
    error <= answered && bresp[1];
    unanswered <= unanswered + 8'(asked) - 8'(answered);
    case (state)
      Idle:
        if (req_valid) begin
          addr <= req_addr;
          left <= req_beats;
          state <= Address;
        end
      Address:
        if (asked) begin
          burst_left <= 9'(beats);
          addr <= addr + {43'd0, beats, 4'd0};
          left <= left - beats;
          state <= Data;
        end
      default:
        if (wvalid && wready) begin
          burst_left <= burst_left - 9'd1;
          if (wlast) state <= (left == 17'd0) ? Idle : Address;
        end
    endcase
    if (rst) begin
      state <= Idle;
      unanswered <= 8'd0;
      error <= 1'b0;
    end
  end
  /* verilator lint_off UNUSEDSIGNAL */  // EXOKAY is no error
  wire unused = bresp[0];
  /* verilator lint_on UNUSEDSIGNAL */
endmodule
