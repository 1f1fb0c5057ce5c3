package dev.jubilee.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class WrkTest {
    private static final String LINE =
            """
            Running 2s test
            RESULT {"requests":50001,"micros":2000000,"bytes":1,"connect":1,"read":2,"write":0,"status":40,\
            "timeout":7,"p50":321,"p90":729,"p99":1198,"p999":1565,"max":2908,"sent":50065,"exhausted":%d,"statuses":"200:1"}
            """;

    @Test
    void readsWhatTheScriptPrints() {
        LoadResult result = Wrk.parse(LINE.formatted(0), 0);

        assertThat(result.throughput()).isEqualTo(25_000.5);
        assertThat(result.latency()).isEqualTo(new Latency(321, 1198, 1565, 2908));
    }

    @Test
    void countsEveryKindOfError() {
        LoadResult result = Wrk.parse(LINE.formatted(0), 0);

        assertThat(result.errors()).isEqualTo(50);
        assertThat(result.good()).isEqualTo(49_951);
    }

    @Test
    void whatWasSentAndNotAnsweredIsUnheard() {
        assertThat(Wrk.parse(LINE.formatted(0), 0).unheard()).isEqualTo(64);
    }

    @Test
    void aRunThatHadNothingLeftToSendIsAsLongAsItSent() {
        LoadResult result = Wrk.parse(LINE.formatted(500_000), 0);

        assertThat(result.seconds()).isEqualTo(0.5);
        assertThat(result.exhausted()).isTrue();
    }

    @Test
    void aSteadyRunDoesNotCountTheTimeInWhichItOnlyWaits() {
        assertThat(Wrk.parse(LINE.formatted(0), 1).seconds()).isEqualTo(1);
    }

    @Test
    void aRunWithoutAResultIsNoResult() {
        assertThatThrownBy(() -> Wrk.parse("unable to connect to 127.0.0.1:1\n", 0))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("unable to connect");
    }
}
