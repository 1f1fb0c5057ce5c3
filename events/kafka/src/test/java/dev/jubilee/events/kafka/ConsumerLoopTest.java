package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.tck.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealKafka.class)
class ConsumerLoopTest {
    private final TestKafka kafka;
    private final Ledger ledger = new Ledger();
    private final Alarms alarms = new Alarms();
    private final List<ConsumerLoop> loops = new ArrayList<>();
    private String topic = "";
    private LoopSettings settings = LoopSettings.of("none", Map.of());

    ConsumerLoopTest(TestKafka kafka) {
        this.kafka = kafka;
    }

    private static final class Alarms implements LoopListener {
        final AtomicInteger fenced = new AtomicInteger();
        final List<Throwable> causes = new CopyOnWriteArrayList<>();
        final AtomicLong lost = new AtomicLong();
        final AtomicInteger beyondEnd = new AtomicInteger();
        final List<String> lostTails = new CopyOnWriteArrayList<>();
        final List<Throwable> broken = new CopyOnWriteArrayList<>();
        volatile boolean throwing;

        /** Others come where Kafka is slow to answer. */
        long failuresSaying(String beginning) {
            return causes.stream()
                    .filter(cause -> String.valueOf(cause.getMessage()).startsWith(beginning))
                    .count();
        }

        @Override
        public void fenced(Collection<TopicPartition> partitions) {
            fenced.incrementAndGet();
        }

        @Override
        public void failing(Throwable cause, int times) {
            causes.add(cause);
            if (throwing) {
                throw new NoClassDefFoundError("made/by/a/Test");
            }
        }

        @Override
        public void broken(Exception cause) {
            broken.add(cause);
            if (throwing) {
                throw new IllegalStateException("broken");
            }
        }

        @Override
        public void recordsLost(TopicPartition partition, long count) {
            lost.addAndGet(count);
        }

        @Override
        public void tailLost(TopicPartition partition, long position, long end) {
            lostTails.add(partition.partition() + ": " + end + " to " + position);
        }

        @Override
        public void beyondEnd(TopicPartition partition, long position, long end) {
            beyondEnd.incrementAndGet();
        }
    }

    @BeforeEach
    void createTopic(TestInfo test) throws Exception {
        topic = test.getTestMethod().orElseThrow().getName().toLowerCase(Locale.ROOT);
        kafka.createTopic(topic, 4);
        settings =
                LoopSettings.of("group-" + topic, Map.of("bootstrap.servers", kafka.brokers()))
                        .withAlarmInterval(Duration.ofMillis(200));
    }

    @AfterEach
    void closeLoops() {
        loops.forEach(ConsumerLoop::close);
    }

    /** A megabyte of the same is a few kilobytes on the way: one fetch brings hundreds. */
    @Test
    void whatIsLargeWithoutItsCompressionIsHandledInParts() throws Exception {
        int large = 256 << 10;
        int count = 200;
        kafka.sendCompressed(topic, 0, Collections.nCopies(count, "x".repeat(large)));
        AtomicLong largest = new AtomicLong();
        start(batch -> {
            largest.accumulateAndGet(batch.records().size(), Math::max);
            return ledger.handle(batch);
        });

        until("all consumed", () -> ledger.consumed().size() == count);

        assertThat(largest.get() * large)
                .isLessThanOrEqualTo(Gathered.ENOUGH + (long) Gathered.A_POLL * large);
    }

    @Test
    void consumesEverythingFromTheBeginningOnceAndInOrder() throws Exception {
        send(0, 0, 5000);
        send(1, 5000, 100);
        start(ledger);
        send(1, 5100, 100);

        until("all consumed", () -> ledger.consumed().size() == 5200);

        assertThat(ledger.consumed()).containsExactlyInAnyOrderElementsOf(values(0, 5200));
        assertThat(ledger.consumed().stream().filter(v -> v.compareTo("05000") < 0)).isSorted();
        assertThat(ledger.hasPassed("any", new TopicOffsets(kafka.admin()).ends(List.of(topic))))
                .isTrue();
    }

    @Test
    void goesOnWhereTheStoreSays() throws Exception {
        send(0, 0, 10);
        ConsumerLoop first = start(ledger);
        until("all consumed", () -> ledger.consumed().size() == 10);
        first.close();
        send(0, 10, 10);

        start(ledger);

        until("the rest consumed", () -> ledger.consumed().size() == 20);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(0, 20));
    }

    @Test
    void whatOfALogIsNotForConsumersIsCountedAndWhatKafkaDeletedIsNot() throws Exception {
        send(0, 0, 10);
        kafka.admin()
                .deleteRecords(
                        Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(4)))
                .all()
                .get();
        kafka.sendInTransaction(topic, 0, values(10, 10), true);
        kafka.sendInTransaction(topic, 0, values(100, 7), false);
        kafka.sendInTransaction(topic, 1, values(20, 10), true);

        start(ledger);
        until(
                "both at their ends",
                () -> ledger.positions("any").values().containsAll(List.of(29L, 11L)));

        assertThat(ledger.consumed()).containsExactlyInAnyOrderElementsOf(values(4, 26));
        // Seven of the aborted transaction, and the marker of each of the three.
        assertThat(ledger.passedOver()).isEqualTo(7 + 3);
    }

    @Test
    void membersShareThePartitionsAndTakeOverFromOneThatLeaves() throws Exception {
        ConsumerLoop one = start(ledger);
        ConsumerLoop two = start(ledger);
        sendToAll(0, 400);
        until("both work", () -> one.lags().size() == 2 && two.lags().size() == 2);
        sendToAll(400, 400);
        one.close();
        sendToAll(800, 400);

        until("all consumed", () -> ledger.consumed().size() == 1200);
        assertThat(ledger.consumed()).containsExactlyInAnyOrderElementsOf(values(0, 1200));
        until("it has them all", () -> two.lags().size() == 4);
    }

    @Test
    void triesAgainWhenTheHandlerFails() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        start(batch -> {
            if (tries.incrementAndGet() <= 3) {
                throw new RetryableException("not now", null);
            }
            return ledger.handle(batch);
        });
        send(0, 0, 10);

        until("all consumed", () -> ledger.consumed().size() == 10);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(0, 10));
        assertThat(alarms.failuresSaying("not now")).isEqualTo(3);
    }

    @Test
    void goesOnWhenItsListenerThrows() throws Exception {
        alarms.throwing = true;
        AtomicInteger tries = new AtomicInteger();
        start(batch -> {
            if (tries.incrementAndGet() == 1) {
                throw new RetryableException("not now", null);
            }
            return ledger.handle(batch);
        });
        send(0, 0, 10);

        until("all consumed", () -> ledger.consumed().size() == 10);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(0, 10));
        assertThat(alarms.failuresSaying("not now")).isEqualTo(1);
    }

    @Test
    void looksAgainSoonWhenTheStoreCannotBeRead() throws Exception {
        send(0, 0, 10);
        ledger.failReads(3);
        start(ledger);

        until("all consumed", () -> ledger.consumed().size() == 10);
        assertThat(alarms.failuresSaying("the positions cannot be read")).isEqualTo(3);
    }

    @Test
    void doesNotRepeatABatchWhoseCommitWasDoneThoughItFailed() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        start(batch -> {
            BatchHandler.Handled handled = ledger.handle(batch);
            if (failed.compareAndSet(false, true)) {
                throw new AssertionError("the answer is lost");
            }
            return handled;
        });
        send(0, 0, 10);
        until("consumed", () -> ledger.consumed().size() >= 10);
        send(0, 10, 10);

        until("all consumed", () -> ledger.consumed().size() >= 20);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(0, 20));
        assertThat(alarms.fenced).hasValue(0);
    }

    @Test
    void isFencedByAnotherThatWasThereAndGoesOnBehindIt() throws Exception {
        send(0, 0, 1);
        start(ledger);
        until("first consumed", () -> ledger.consumed().size() == 1);
        ledger.move(id(0), 3);

        send(0, 1, 5);

        until("the rest consumed", () -> ledger.consumed().size() == 4);
        assertThat(ledger.consumed()).containsExactly("00000", "00003", "00004", "00005");
        assertThat(alarms.fenced.get()).isPositive();
    }

    @Test
    void saysHowManyRecordsWereDeletedBeforeTheyWereConsumed() throws Exception {
        send(0, 0, 10);
        ledger.move(id(0), 2);
        kafka.admin()
                .deleteRecords(
                        Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(7)))
                .all()
                .get();

        start(ledger);

        until("the rest consumed", () -> ledger.consumed().size() == 3);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(7, 3));
        assertThat(alarms.lost).hasValue(5);
    }

    @Test
    void reachesTheEndOfAPartitionFromWhichEverythingWasDeleted() throws Exception {
        send(0, 0, 10);
        kafka.admin()
                .deleteRecords(
                        Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(10)))
                .all()
                .get();
        Map<PartitionId, Long> ends = new TopicOffsets(kafka.admin()).ends(List.of(topic));
        assertThat(ledger.hasPassed(settings.group(), ends)).isFalse();

        start(ledger);

        until("the end passed", () -> ledger.hasPassed(settings.group(), ends));
        assertThat(alarms.lost).hasValue(0);
    }

    @Test
    void goesBackToWhereTheLogWasCutEvenIfNewRecordsHaveLiftedItsEndSince() throws Exception {
        byte[] flushed = consumeThirtyOfWhichTwentyAreFlushed();
        loops.removeFirst().close();
        kafka.losePower(topic, 0, flushed);
        send(0, 100, 30);

        start(ledger);

        until("the new ones consumed", () -> ledger.consumed().contains("00129"));
        assertThat(ledger.consumed().subList(30, ledger.consumed().size()))
                .containsExactlyElementsOf(values(100, 30));
        assertThat(ledger.positions("any")).containsEntry(id(0), 50L);
        assertThat(alarms.lostTails).containsExactly("0: 20 to 30");
    }

    @Test
    void goesBackWhenTheLogIsCutWhileItRuns() throws Exception {
        byte[] flushed = consumeThirtyOfWhichTwentyAreFlushed();
        kafka.losePower(topic, 0, flushed);
        send(0, 100, 5);
        send(1, 200, 5);

        until("the new ones consumed", () -> ledger.consumed().size() >= 40);
        assertThat(ledger.consumed().subList(30, 40))
                .containsExactlyInAnyOrder(
                        Stream.concat(values(100, 5).stream(), values(200, 5).stream())
                                .toArray(String[]::new));
        assertThat(alarms.lostTails).containsExactly("0: 20 to 30");
    }

    @Test
    void goesBackFromAPositionWithoutAnEpochWhileItLiesBeyondTheEnd() throws Exception {
        byte[] flushed = consumeThirtyOfWhichTwentyAreFlushed();
        loops.removeFirst().close();
        ledger.move(id(0), 30);
        kafka.losePower(topic, 0, flushed);
        send(0, 100, 5);
        start(ledger);
        until("gone back", () -> !alarms.lostTails.isEmpty());
        send(0, 105, 10);

        until("the new ones consumed", () -> ledger.consumed().size() == 45);
        assertThat(ledger.consumed().subList(30, 45)).containsExactlyElementsOf(values(100, 15));
        assertThat(alarms.lostTails).containsExactly("0: 20 to 30");
    }

    @Test
    void fencesWhoeverStillHasRecordsOfALostTail() throws Exception {
        send(0, 0, 20);
        byte[] flushed = kafka.log(topic, 0);
        List<Batch> late = new CopyOnWriteArrayList<>();
        ConsumerLoop first =
                start(batch -> {
                    late.add(batch);
                    return ledger.handle(batch);
                });
        until("the first consumed", () -> ledger.consumed().size() == 20);
        send(0, 20, 10);
        until("all consumed", () -> ledger.consumed().size() == 30);
        first.close();
        loops.clear();
        kafka.losePower(topic, 0, flushed);
        start(ledger);
        until("gone back", () -> !alarms.lostTails.isEmpty());

        // It stands at 20 again, where the late one left off to handle 20 to 29.
        assertThat(ledger.positions("any")).containsEntry(id(0), 20L);
        assertThat(ledger.handle(late.getLast())).isEqualTo(BatchHandler.Handled.FENCED);
    }

    @Test
    void complainsOfAnEpochThatKafkaDoesNotKnowAndServesTheOthers() throws Exception {
        ledger.move(id(0), new OffsetStore.Position(5, 1000));
        send(0, 0, 10);
        start(ledger);
        send(1, 10, 10);

        until("complained repeatedly", () -> alarms.beyondEnd.get() >= 3);
        until("the others consumed", () -> ledger.consumed().size() == 10);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(10, 10));
        assertThat(ledger.positions("any")).containsEntry(id(0), 5L);
    }

    private byte[] consumeThirtyOfWhichTwentyAreFlushed() throws Exception {
        send(0, 0, 20);
        byte[] flushed = kafka.log(topic, 0);
        send(0, 20, 10);
        start(ledger);
        until("consumed", () -> ledger.consumed().size() == 30);
        return flushed;
    }

    @Test
    void consumesATopicThatIsAddedWhileItRuns() throws Exception {
        String added = topic + ".added";
        send(0, 0, 1);
        ConsumerLoop loop = start(ledger);
        until("first consumed", () -> ledger.consumed().size() == 1);
        kafka.createTopic(added, 1);
        kafka.send(added, 0, List.of("added"));

        loop.topics(List.of(topic, added));

        until("added consumed", () -> ledger.consumed().contains("added"));
        loop.topics(List.of());
        until("nothing assigned", () -> loop.lags().isEmpty());
        send(0, 1, 1);
        loop.topics(List.of(topic));
        until("consumed again", () -> ledger.consumed().size() == 3);
    }

    @Test
    void beginsAnewInATopicThatWasDeletedAndMadeAgain() throws Exception {
        send(0, 0, 10);
        start(ledger);
        until("consumed", () -> ledger.consumed().size() == 10);
        kafka.deleteTopic(topic);
        until("deleted", () -> created(topic));
        send(0, 100, 5);

        until("the new ones consumed", () -> ledger.consumed().size() == 15);
        assertThat(ledger.consumed().subList(10, 15)).containsExactlyElementsOf(values(100, 5));
    }

    @Test
    void beginsNoBatchWhileItIsPaused() throws Exception {
        Semaphore begun = new Semaphore(0);
        Semaphore let = new Semaphore(0);
        ConsumerLoop loop =
                start(batch -> {
                    begun.release();
                    let.acquire();
                    return ledger.handle(batch);
                });
        send(0, 0, 1);
        begun.acquire();
        var paused = loop.pause();
        assertThat(paused).isNotDone();
        let.release(100);
        paused.get(2, TimeUnit.MINUTES);
        assertThat(ledger.consumed()).hasSize(1);
        send(0, 1, 1);
        assertThat(begun.tryAcquire(1, TimeUnit.SECONDS)).as("a batch while paused").isFalse();

        loop.resume();

        until("consumed", () -> ledger.consumed().size() == 2);
    }

    @Test
    void whoPausesIsAnsweredAlsoWhenItIsResumedAtOnceOrHasEnded() throws Exception {
        ConsumerLoop loop = start(ledger);
        CompletableFuture<Void> resumed = loop.pause();
        loop.resume();

        resumed.get(2, TimeUnit.MINUTES);
        loop.close();

        loop.pause().get(2, TimeUnit.MINUTES);
    }

    @Test
    void aHandlerThatLeavesItsThreadInterruptedBreaksNoClient() throws Exception {
        start(batch -> {
            Thread.currentThread().interrupt();
            return ledger.handle(batch);
        });
        send(0, 0, 10);
        until("consumed", () -> ledger.consumed().size() == 10);
        send(0, 10, 10);

        until("all consumed", () -> ledger.consumed().size() == 20);
        assertThat(alarms.broken).isEmpty();
    }

    @Test
    void goesOnAfterKafkaWasAway() throws Exception {
        send(0, 0, 10);
        start(ledger);
        until("consumed", () -> ledger.consumed().size() == 10);

        kafka.restart();
        send(0, 10, 10);

        until("all consumed", () -> ledger.consumed().size() == 20);
        assertThat(ledger.consumed()).containsExactlyElementsOf(values(0, 20));
    }

    @Test
    void whereThereIsMuchBatchesBeginSoFarApart() throws Exception {
        Duration pace = Duration.ofMillis(100);
        settings = settings.withMaxPollRecords(50).withPace(pace);
        send(0, 0, 500);
        List<Long> begun = new CopyOnWriteArrayList<>();
        start(batch -> {
            begun.add(System.nanoTime());
            return ledger.handle(batch);
        });

        until("all consumed", () -> ledger.consumed().size() == 500);
        assertThat(begun).hasSizeGreaterThanOrEqualTo(10);
        assertThat(begun.getLast() - begun.getFirst()).isGreaterThanOrEqualTo(pace.toNanos() * 8);
    }

    @Test
    void whatComesOneByOneWaitsForNoPace() throws Exception {
        settings = settings.withPace(Duration.ofMinutes(10));
        start(ledger);
        for (int i = 0; i < 3; i++) {
            int sent = i + 1;
            send(0, i, 1);
            until("it is consumed", () -> ledger.consumed().size() == sent);
        }
    }

    @Test
    void membersOfOneProgramShareThePartitionsAndFollowTheTopicsTogether() throws Exception {
        Set<String> topics = new CopyOnWriteArraySet<>(List.of(topic));
        List<AtomicInteger> handled = List.of(new AtomicInteger(), new AtomicInteger());
        try (ConsumerLoops members =
                new ConsumerLoops(
                        settings,
                        () -> topics,
                        kafka.admin(),
                        ledger,
                        handled.stream().map(this::counting).toList(),
                        alarms)) {
            members.start();
            AtomicInteger sent = new AtomicInteger();
            until(
                    "both have handled some",
                    () -> {
                        sendToAll(sent.getAndAdd(4), 4);
                        return handled.stream().allMatch(count -> count.get() > 0);
                    });
            until("all are consumed", () -> ledger.consumed().size() == sent.get());

            assertThat(created(topic + "-later")).isTrue();
            topics.add(topic + "-later");
            members.refreshTopics();
            kafka.send(topic + "-later", 0, List.of("later"));
            until("it is consumed", () -> ledger.consumed().contains("later"));
            assertThat(members.lag()).isZero();
        }
        assertThat(ledger.consumed()).doesNotHaveDuplicates();
    }

    /** Whoever looked first could otherwise be the last to say what it saw. */
    @Test
    void ofTwoLooksForTopicsThatCrossTheLaterOneCounts() throws Exception {
        Set<String> topics = new CopyOnWriteArraySet<>(List.of(topic));
        AtomicReference<@Nullable Thread> first = new AtomicReference<>();
        AtomicReference<@Nullable Thread> second = new AtomicReference<>();
        CountDownLatch seen = new CountDownLatch(1);
        Supplier<List<String>> slowForTheFirst =
                () -> {
                    List<String> now = List.copyOf(topics);
                    if (Thread.currentThread().equals(first.get())) {
                        seen.countDown();
                        Await.until(
                                "the second waits or is done", () -> waitsOrIsDone(second.get()));
                    }
                    return now;
                };
        try (ConsumerLoops members =
                new ConsumerLoops(
                        settings,
                        slowForTheFirst,
                        kafka.admin(),
                        ledger,
                        List.of(ledger),
                        alarms)) {
            members.start();
            assertThat(created(topic + "-later")).isTrue();
            Thread slow = Thread.ofPlatform().unstarted(members::refreshTopics);
            first.set(slow);
            slow.start();
            seen.await();
            topics.add(topic + "-later");
            Thread quick = Thread.ofPlatform().start(members::refreshTopics);
            second.set(quick);
            slow.join();
            quick.join();

            kafka.send(topic + "-later", 0, List.of("later"));
            until("it is consumed", () -> ledger.consumed().contains("later"));
        }
    }

    private static boolean waitsOrIsDone(@Nullable Thread thread) {
        return thread != null
                && (thread.getState() == Thread.State.BLOCKED
                        || thread.getState() == Thread.State.TERMINATED);
    }

    private BatchHandler counting(AtomicInteger handled) {
        return batch -> {
            handled.addAndGet(batch.records().size());
            return ledger.handle(batch);
        };
    }

    private ConsumerLoop start(BatchHandler handler) {
        ConsumerLoop loop =
                new ConsumerLoop(
                        settings.withClientId(settings.group() + loops.size()),
                        List.of(topic),
                        kafka.admin(),
                        ledger,
                        handler,
                        alarms);
        loops.add(loop);
        return loop;
    }

    private boolean created(String name) throws Exception {
        kafka.createTopic(name, 4);
        return true;
    }

    private PartitionId id(int partition) {
        UUID topicId =
                new TopicOffsets(kafka.admin()).ids(List.of(topic)).values().iterator().next();
        return new PartitionId(topicId, partition);
    }

    private void send(int partition, int first, int count) throws Exception {
        kafka.send(topic, partition, values(first, count));
    }

    private void sendToAll(int first, int count) throws Exception {
        for (int partition = 0; partition < 4; partition++) {
            send(partition, first + partition * count / 4, count / 4);
        }
    }

    private static List<String> values(int first, int count) {
        return IntStream.range(first, first + count).mapToObj("%05d"::formatted).toList();
    }

    /** Waits until the condition holds; what it throws counts as not yet. */
    private static void until(String what, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (true) {
            Exception last = null;
            try {
                if (condition.call()) {
                    return;
                }
            } catch (Exception e) {
                last = e;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("never: " + what, last);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
