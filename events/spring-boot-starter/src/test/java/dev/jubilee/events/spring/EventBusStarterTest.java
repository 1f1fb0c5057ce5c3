package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.core.InMemoryEventBus;
import dev.jubilee.events.tck.Await;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;

/** The bus and its handlers, in memory, without a whole application around them. */
class EventBusStarterTest {
    private final ApplicationContextRunner runner =
            new ApplicationContextRunner()
                    .withConfiguration(
                            AutoConfigurations.of(
                                    EventBusAutoConfiguration.class,
                                    KafkaTransportAutoConfiguration.class,
                                    RabbitTransportAutoConfiguration.class,
                                    RedisTransportAutoConfiguration.class))
                    .withUserConfiguration(Types.class);

    record Kill(String weapon) {}

    @Configuration(proxyBeanMethods = false)
    static class Types {
        @Bean
        EventTypes gameEvents() {
            return registry -> registry.type("game.kill", Kill.class);
        }

        @Bean
        Seen seen() {
            return new Seen();
        }
    }

    static final class Seen {
        final List<Object> all = new CopyOnWriteArrayList<>();
    }

    static class Methods {
        private final Seen seen;

        Methods(Seen seen) {
            this.seen = seen;
        }

        @HandlesEvents(value = "${kills:game.*}", synchronous = true)
        void event(DomainEvent<Kill> event) {
            seen.all.add(event.data());
        }

        @HandlesEvents(value = "game.kill", synchronous = true)
        public void payload(Kill kill) {
            seen.all.add(kill.weapon());
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class HandlerBean {
        @Bean
        @HandlesEvents(value = "game.#", synchronous = true)
        EventHandler<BaseEvent> counter(Seen seen) {
            return event -> seen.all.add(event.type());
        }
    }

    static class Durable {
        @HandlesEvents(value = "game.#", durable = "mail")
        void first(BaseEvent event) {}
    }

    static class DurableToo {
        @HandlesEvents(value = "game.kill", durable = "mail")
        void second(BaseEvent event) {}
    }

    static class TwoParameters {
        @HandlesEvents("game.#")
        void wrong(BaseEvent event, String more) {}
    }

    @Configuration(proxyBeanMethods = false)
    static class Prototype {
        @Bean
        @Scope("prototype")
        Durable several() {
            return new Durable();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class AnotherTransport {
        @Bean
        BusTransport pigeons() {
            return new BusTransport() {
                @Override
                public String name() {
                    return "pigeons";
                }

                @Override
                public boolean isConfigured() {
                    return true;
                }

                @Override
                public EventBus open(EventCodec codec, BusSettings settings) {
                    return new InMemoryEventBus(settings);
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnBus {
        @Bean
        EventBus mine() {
            return new InMemoryEventBus();
        }
    }

    static class Impatient {
        private final Seen seen;

        Impatient(Seen seen) {
            this.seen = seen;
        }

        @HandlesEvents(value = "game.#", retry = "once")
        void fails(Kill kill) {
            seen.all.add(kill);
            throw new IllegalStateException("no");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Once {
        @Bean
        RetryStrategy once() {
            return RetryStrategy.attempts(1).deadLetterTo("kills", "lost");
        }
    }

    private static void publish(EventBus bus, EventFactory events) {
        bus.publish(events.domain("player", "ada", new Kill("bow")));
    }

    @Test
    void methodsAndBeansHandleWhatIsPublished() {
        runner.withBean(Methods.class)
                .withUserConfiguration(HandlerBean.class)
                .run(context -> {
                    publish(context.getBean(EventBus.class), context.getBean(EventFactory.class));

                    assertThat(context.getBean(Seen.class).all)
                            .containsExactlyInAnyOrder(new Kill("bow"), "bow", "game.kill");
                    assertThat(context.getBean(HandlerSubscriptions.class).active()).isEqualTo(3);
                });
    }

    @Test
    void aPatternMayBeAPlaceholder() {
        runner.withBean(Methods.class)
                .withPropertyValues("kills=other.*")
                .run(context -> {
                    publish(context.getBean(EventBus.class), context.getBean(EventFactory.class));

                    assertThat(context.getBean(Seen.class).all).containsExactly("bow");
                });
    }

    @Test
    void whatIsStoppedHandlesNothingAndCanBeStartedAgain() {
        runner.withBean(Methods.class)
                .run(context -> {
                    EventBus bus = context.getBean(EventBus.class);
                    EventFactory events = context.getBean(EventFactory.class);
                    Seen seen = context.getBean(Seen.class);
                    context.getSourceApplicationContext().stop();
                    publish(bus, events);
                    assertThat(seen.all).isEmpty();

                    context.getSourceApplicationContext().start();
                    publish(bus, events);
                    assertThat(seen.all).hasSize(2);
                });
    }

    @Test
    void aHandlersOwnRetryStrategyHolds() {
        runner.withBean(Impatient.class)
                .withUserConfiguration(Once.class)
                .run(context -> {
                    EventBus bus = context.getBean(EventBus.class);
                    publish(bus, context.getBean(EventFactory.class));
                    Await.until(
                            "the letter lies there",
                            () ->
                                    bus.deadLetters()
                                                    .view(
                                                            context.getBean(RetryStrategy.class)
                                                                    .route()
                                                                    .orElseThrow(),
                                                            10)
                                                    .size()
                                            == 1);
                    assertThat(context.getBean(Seen.class).all).hasSize(1);
                });
    }

    @Test
    void theTransportThatIsConfiguredIsTaken() {
        runner.withUserConfiguration(AnotherTransport.class)
                .run(context ->
                        assertThat(
                                        context.getBean(Transports.class)
                                                .transportOf(context.getBean(EventBus.class))
                                                .orElseThrow()
                                                .name())
                                .isEqualTo("pigeons"));
    }

    @Test
    void ofTwoTransportsOneMustBeNamed() {
        ApplicationContextRunner both =
                runner.withUserConfiguration(AnotherTransport.class)
                        .withPropertyValues("jubilee.events.kafka.brokers=127.0.0.1:1");
        both.run(context ->
                assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("kafka, pigeons are configured"));
        both.withPropertyValues("jubilee.events.transport=pigeons")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void aTransportThatIsNotThereIsRefusedByName() {
        runner.withPropertyValues("jubilee.events.transport=carts")
                .run(context ->
                        assertThat(context)
                                .getFailure()
                                .rootCause()
                                .hasMessageContaining(
                                        "'carts', and there are kafka, memory, rabbitmq, redis, redis-pubsub"));
    }

    @ParameterizedTest
    @CsvSource({
        "kafka, KAFKA_BROKERS",
        "rabbitmq, RABBITMQ_HOST",
        "redis, REDIS_HOST",
        "redis-pubsub, REDIS_HOST"
    })
    void aTransportWithoutItsServerIsRefused(String transport, String missing) {
        runner.withPropertyValues("jubilee.events.transport=" + transport)
                .run(context ->
                        assertThat(context).getFailure().rootCause().hasMessageContaining(missing));
    }

    @Test
    void aDurableHandlerNeedsATransportThatStores() {
        runner.withBean(Durable.class)
                .run(context ->
                        assertThat(context)
                                .getFailure()
                                .cause()
                                .hasMessageContaining("Durable.first cannot be subscribed"));
        runner.withBean(Durable.class)
                .withPropertyValues("jubilee.events.durable-where-possible=true")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void twoHandlersOfOneDurableNameAreRefused() {
        runner.withBean(Durable.class)
                .withBean(DurableToo.class)
                .withPropertyValues("jubilee.events.durable-where-possible=true")
                .run(context ->
                        assertThat(context)
                                .getFailure()
                                .cause()
                                .hasMessageContaining("durable name 'mail'"));
    }

    @Test
    void aMethodThatCannotHandleIsRefused() {
        runner.withBean(TwoParameters.class)
                .run(context ->
                        assertThat(context)
                                .getFailure()
                                .cause()
                                .hasMessageContaining("must have one parameter"));
        runner.withUserConfiguration(Prototype.class)
                .run(context ->
                        assertThat(context)
                                .getFailure()
                                .cause()
                                .hasMessageContaining("must be a singleton"));
    }

    @Test
    void theApplicationsOwnBusWins() {
        runner.withUserConfiguration(OwnBus.class)
                .withBean(Methods.class)
                .run(context -> {
                    assertThat(context).hasSingleBean(EventBus.class).hasBean("mine");
                    publish(context.getBean(EventBus.class), context.getBean(EventFactory.class));
                    assertThat(context.getBean(Seen.class).all).hasSize(2);
                });
    }
}
