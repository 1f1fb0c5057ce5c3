package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ComplaintsTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(ComplaintsTest.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
    private final Complaints complaints =
            new Complaints(logger, "the tracker of scores failed", nanos::get);

    @BeforeEach
    void listen() {
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            complaints.about(new IllegalStateException("no registry"));
        }
    }

    @Test
    void whatFailsWithEveryEventIsLoggedOnceAMinuteWithItsNumber() {
        fail(1000);
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        fail(1000);

        assertThat(lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "the tracker of scores failed",
                        "the tracker of scores failed, and 999 times before this");
        assertThat(lines.list.getFirst().getThrowableProxy().getMessage()).isEqualTo("no registry");
    }

    @Test
    void aFailureThatCannotBeLoggedIsNamed() {
        complaints.about(
                new IllegalStateException() {
                    private static final long serialVersionUID = 1;

                    @Override
                    public String getMessage() {
                        throw new UnsupportedOperationException("no words");
                    }
                });

        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getFormattedMessage()).contains("ComplaintsTest");
    }
}
