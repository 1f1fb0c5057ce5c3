package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.tck.Await;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;

/** How an application ends that has events in hand. */
class ClosingTest {
    private static final int EVENTS = 100;

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner()
                    .withConfiguration(
                            AutoConfigurations.of(
                                    EventBusAutoConfiguration.class,
                                    LifecycleAutoConfiguration.class))
                    .withUserConfiguration(Application.class);

    /** Handling waits until somebody lets it go on. */
    static final class Gate {
        final CountDownLatch open = new CountDownLatch(1);
        final AtomicInteger handled = new AtomicInteger();
    }

    /** What a handler needs; it must outlive the handling. */
    static final class Ledger implements DisposableBean {
        private volatile boolean closed;

        void write() {
            if (closed) {
                throw new IllegalStateException("the ledger is closed");
            }
        }

        @Override
        public void destroy() {
            closed = true;
        }
    }

    static class Slow {
        private final Gate gate;
        private final Ledger ledger;

        Slow(Gate gate, Ledger ledger) {
            this.gate = gate;
            this.ledger = ledger;
        }

        @HandlesEvents("system.#")
        void handle(Object details) throws InterruptedException {
            gate.open.await();
            ledger.write();
            gate.handled.incrementAndGet();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Application {
        @Bean
        Ledger ledger() {
            return new Ledger();
        }

        @Bean
        Slow slow(Gate gate, Ledger ledger) {
            return new Slow(gate, ledger);
        }
    }

    private static void publish(EventBus bus, EventFactory events) {
        for (int i = 0; i < EVENTS; i++) {
            bus.publish(events.system(SystemEvent.Level.INFO, "lobby", "tick", Map.of()));
        }
    }

    /** Lets handling go on once the bus takes no more, or does not seem to close at all. */
    private static void openAsItCloses(Gate gate, EventBus bus) {
        try {
            Await.until("the bus is closed", Duration.ofSeconds(3), () -> isClosed(bus));
        } finally {
            gate.open.countDown();
        }
    }

    private static boolean isClosed(EventBus bus) {
        try {
            bus.subscribe("nothing.at.all", event -> {}).close();
            return false;
        } catch (IllegalStateException closed) {
            return true;
        }
    }

    @Test
    void whatWaitsIsHandledBeforeAnythingElseIsClosed() {
        Gate gate = new Gate();
        runner.withBean(Gate.class, () -> gate)
                .run(context -> {
                    EventBus bus = context.getBean(EventBus.class);
                    publish(bus, context.getBean(EventFactory.class));
                    ApplicationListener<ContextClosedEvent> closing =
                            event -> Thread.ofVirtual().start(() -> openAsItCloses(gate, bus));
                    context.getSourceApplicationContext().addApplicationListener(closing);
                });

        assertThat(gate.handled).hasValue(EVENTS);
    }

    @Test
    void aHandlerThatNeverEndsDoesNotHoldUpTheEnd() {
        Gate gate = new Gate();
        try {
            Assertions.assertTimeoutPreemptively(
                    Duration.ofSeconds(25),
                    () ->
                            runner.withBean(Gate.class, () -> gate)
                                    .withPropertyValues(
                                            "spring.lifecycle.timeout-per-shutdown-phase=100ms")
                                    .run(context ->
                                            publish(
                                                    context.getBean(EventBus.class),
                                                    context.getBean(EventFactory.class))));
        } finally {
            gate.open.countDown();
        }
    }

    @Test
    void aClosedApplicationPublishesNothing() {
        Gate gate = new Gate();
        gate.open.countDown();
        EventBus[] bus = new EventBus[1];
        EventFactory[] events = new EventFactory[1];
        runner.withBean(Gate.class, () -> gate)
                .run(context -> {
                    bus[0] = context.getBean(EventBus.class);
                    events[0] = context.getBean(EventFactory.class);
                });

        assertThatThrownBy(() -> publish(bus[0], events[0]))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Configuration(proxyBeanMethods = false)
    static class Broken {
        @Bean
        Object broken(EventBus bus, Opened opened) {
            opened.bus = bus;
            throw new IllegalStateException("broken");
        }
    }

    static final class Opened {
        @Nullable EventBus bus;
    }

    @Test
    void anApplicationThatCannotStartClosesItsBus() {
        Opened opened = new Opened();
        runner.withBean(Gate.class, Gate::new)
                .withBean(Opened.class, () -> opened)
                .withUserConfiguration(Broken.class)
                .run(context -> assertThat(context).hasFailed());

        EventBus bus = Objects.requireNonNull(opened.bus);
        assertThatThrownBy(() -> bus.subscribe("a.b", event -> {}))
                .isInstanceOf(IllegalStateException.class);
    }
}
