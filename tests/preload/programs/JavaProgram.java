import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Exercises Java's threads, sockets, children and collector; prints what it found. */
public final class JavaProgram {
  private int total;
  private boolean open;
  private int waiting;

  /** The sum of what `task` returns in `count` threads of its own. */
  private static int inThreads(int count, Task task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(count);
    List<Future<Integer>> results = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      results.add(threads.submit(() -> task.run(number)));
    }
    int sum = 0;
    for (Future<Integer> result : results) sum += result.get();
    threads.shutdown();
    return sum;
  }

  private interface Task {
    int run(int number) throws Exception;
  }

  private synchronized void add() {
    total++;
  }

  private String locks() throws Exception {
    inThreads(100, number -> {
      for (int i = 0; i < 1000; i++) add();
      return 0;
    });
    return "100 threads, " + total + " increments";
  }

  private synchronized int waitUntilOpen() throws InterruptedException {
    waiting++;
    notifyAll();
    while (!open) wait();
    return 1;
  }

  private synchronized void letIn(int count) throws InterruptedException {
    while (waiting < count) wait();
    open = true;
    notifyAll();
  }

  private String conditions() throws Exception {
    Thread opener = new Thread(() -> {
      try {
        letIn(100);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    opener.start();
    int woken = inThreads(100, number -> waitUntilOpen());
    opener.join();
    return woken + " threads woken";
  }

  private static String queues() throws Exception {
    BlockingQueue<Integer> items = new ArrayBlockingQueue<>(10);
    int sum = inThreads(16, number -> {
      int part = 0;
      for (int i = 0; i < 1000; i++) {
        if (number < 8) items.put(i); else part += items.take();
      }
      return part;
    });
    return "8 producers, 8 consumers, sum " + sum;
  }

  private static String barriers() throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(50);
    int rounds = inThreads(50, number -> {
      int done = 0;
      for (; done < 20; done++) barrier.await();
      return done;
    });
    return "50 threads, " + rounds + " rounds";
  }

  private static String interrupts() throws Exception {
    CountDownLatch started = new CountDownLatch(20);
    CountDownLatch interrupted = new CountDownLatch(20);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Thread thread = new Thread(() -> {
        started.countDown();
        try {
          Thread.sleep(60_000);
        } catch (InterruptedException e) {
          interrupted.countDown();
        }
      });
      threads.add(thread);
      thread.start();
    }
    started.await();
    for (Thread thread : threads) thread.interrupt();
    interrupted.await();
    return "20 sleeping threads";
  }

  private static String sleeps() throws Exception {
    long start = System.nanoTime();
    inThreads(100, number -> {
      Thread.sleep(300);
      return 0;
    });
    long elapsed = (System.nanoTime() - start) / 1_000_000;
    if (elapsed < 300 || elapsed > 5000) throw new AssertionError("slept " + elapsed + " ms");
    return "100 threads, as long as one";
  }

  private static int echo(Socket client) throws IOException {
    try (client) {
      BufferedReader lines = new BufferedReader(new InputStreamReader(client.getInputStream()));
      PrintWriter replies = new PrintWriter(client.getOutputStream(), true);
      for (String line; (line = lines.readLine()) != null;) replies.println(line.toUpperCase());
      return 0;
    }
  }

  private static int talk(int port, int number) throws IOException {
    try (Socket server = new Socket(InetAddress.getLoopbackAddress(), port)) {
      BufferedReader replies = new BufferedReader(new InputStreamReader(server.getInputStream()));
      PrintWriter lines = new PrintWriter(server.getOutputStream(), true);
      int correct = 0;
      for (int turn = 0; turn < 10; turn++) {
        lines.println("client " + number + " turn " + turn);
        if (replies.readLine().equals("CLIENT " + number + " TURN " + turn)) correct++;
      }
      return correct;
    }
  }

  private static String server() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
      // 50 threads accept one connection each, 50 others connect.
      int correct = inThreads(100,
          number -> number < 50 ? echo(listener.accept()) : talk(listener.getLocalPort(), number));
      return "50 clients, " + correct + " correct replies";
    }
  }

  private static String children() throws Exception {
    int replies = inThreads(10, number -> {
      Process child = new ProcessBuilder("cat").start();
      try (PrintWriter input = new PrintWriter(child.getOutputStream())) {
        input.println("from " + number);
      }
      BufferedReader output = new BufferedReader(new InputStreamReader(child.getInputStream()));
      boolean same = ("from " + number).equals(output.readLine());
      return same && child.waitFor() == 0 ? 1 : 0;
    });
    return replies + " replies";
  }

  private static String garbage() throws Exception {
    int kept = inThreads(8, number -> {
      List<byte[]> some = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        byte[] block = new byte[10_000];
        if (i % 1000 == 0) some.add(block);
        if (i % 10_000 == 0) System.gc();
      }
      return some.size();
    });
    return kept + " blocks kept";
  }

  private static void report(String name, Callable<String> test) throws Exception {
    System.out.println(name + ": " + test.call());
  }

  public static void main(String[] args) throws Exception {
    JavaProgram program = new JavaProgram();
    report("locks", program::locks);
    report("conditions", program::conditions);
    report("queues", JavaProgram::queues);
    report("barriers", JavaProgram::barriers);
    report("interrupts", JavaProgram::interrupts);
    report("sleeps", JavaProgram::sleeps);
    report("server", JavaProgram::server);
    report("children", JavaProgram::children);
    report("garbage", JavaProgram::garbage);
  }
}
